#!/usr/bin/env python3
"""Training step time of nnc and PyTorch (eager), side by side: both run in turn on the same machine, with the same
network, batch and threads.

    benchmarks/setup torch
    python3 benchmarks/step_time.py [--model flagship|mlp] [--threads N] [--rounds N] [--limit RATIO]

Each contestant is a process of its own (step_worker_*.py) that, asked on its stdin, times some steps and answers with
seconds a step. Rounds alternate; the ratio is taken of the medians and of the minima. With --limit, leaves with 1 where
the ratio of the medians is above it.
"""

import argparse
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
PYTHONS = {"nnc": os.path.join(ROOT, "build/venv/bin/python"), "torch": os.path.join(ROOT, "build/venv-torch/bin/python")}


class Worker:
    def __init__(self, name, model, threads):
        if not os.path.exists(PYTHONS[name]):
            sys.exit(f"step_time: no {PYTHONS[name]}; run {'benchmarks/setup torch' if name == 'torch' else 'tools/setup --test'}")
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), CUDA_VISIBLE_DEVICES="",
                           PYTHONPATH=os.path.join(ROOT, "test", "support"))
        command = [PYTHONS[name], os.path.join(HERE, f"step_worker_{name}.py"), model, str(threads)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.seconds = []
        self._answer()

    def time(self, steps):
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        self.seconds.append(float(self._answer()))

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            sys.exit("step_time: a contestant died")
        return line

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", choices=["flagship", "mlp"], default="flagship")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--steps", type=int, default=10, help="a round and contestant")
    parser.add_argument("--limit", type=float)
    arguments = parser.parse_args()
    workers = {name: Worker(name, arguments.model, arguments.threads) for name in PYTHONS}
    for _ in range(arguments.rounds):
        for worker in workers.values():
            worker.time(arguments.steps)
    print(f"{arguments.model}, {arguments.threads} threads, {arguments.rounds} rounds of {arguments.steps} steps")
    print(f"{'':<8}{'min ms':>10}{'median ms':>12}")
    for name, worker in workers.items():
        worker.close()
        print(f"{name:<8}{1e3 * min(worker.seconds):>10.2f}{1e3 * statistics.median(worker.seconds):>12.2f}")
    ours, theirs = workers["nnc"].seconds, workers["torch"].seconds
    ratio = statistics.median(ours) / statistics.median(theirs)
    print(f"nnc / torch: {min(ours) / min(theirs):.2f} (min), {ratio:.2f} (median)")
    return 1 if arguments.limit is not None and ratio > arguments.limit else 0


if __name__ == "__main__":
    sys.exit(main())
