#!/usr/bin/env python3
"""From process start to the first finished training step, imports included: nnc-run beside PyTorch (eager, torch.compile, its
ahead-of-time artifact) and JAX with its compilation cache.

    benchmarks/setup torch
    python3 benchmarks/startup.py [NETWORK...] [--threads N] [--rounds N] [--peer-compilations N] [--artifact]

NETWORK as in peers.py. Every start is a new process. `cold`: with an empty cache folder, so that everything is compiled, the
artifact too; `cached`: in the folder that the last of these left, in rounds that alternate. nnc-run reads .npy files of one
batch and trains one epoch; its time is that until the process has ended. The peers' ends with the first step. Files are in
the page cache: each contestant has started once before. PyTorch unrolls an LSTM over time to make an artifact, which takes
minutes: networks with one have it with --artifact only.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field

from contest import make_parser, start
from networks import Network
from peers import check_losses, own_contestant
from training_run import TrainingRun

NETWORKS = ["mlp:128", "flagship:64:32:128"]


@dataclass
class Times:
    cold: list = field(default_factory=list)  # seconds, one a start
    cached: list = field(default_factory=list)


class Starters:
    """The contestants on one network: by name a function that starts one with a cache folder, and returns seconds."""

    def __init__(self, name, threads, march, folder, artifact):
        self._network, self._threads, self._march, self._folder = Network(name), threads, march, folder
        self._weights, self._folders = os.path.join(folder, "weights.npz"), 0
        first = own_contestant(name, threads, march, self._weights)
        first.close()
        self._losses = first.ready["losses"]
        self._run = TrainingRun(self._network, self.new_folder(), batches=1)
        torch = ["venv-torch", "peer_torch.py", name, threads]
        self.by_name = {
            "nnc": self._start_ours,
            "torch": self._peer("torch", *torch, "eager", self._weights),
            "torch.compile": self._peer("torch.compile", *torch, "compiled", self._weights),
            "torch artifact": self._peer("torch artifact", *torch, "artifact", self._weights),
            "jax": self._peer("jax", "venv", "peer_jax.py", name, self._weights),
        }
        if self._network.is_flagship and not artifact:
            del self.by_name["torch artifact"]

    def new_folder(self):
        self._folders += 1
        path = os.path.join(self._folder, str(self._folders))
        os.mkdir(path)
        return path

    def _start_ours(self, cache):
        started = time.monotonic()
        if self._run.start(self._threads, self._march, cache).wait() != 0:
            sys.exit(f"nnc-run train failed on {self._network.name}")
        return time.monotonic() - started

    def _peer(self, name, environment, script, *arguments):
        def start_peer(cache):
            variables = {"TORCHINDUCTOR_CACHE_DIR": cache, "JAX_COMPILATION_CACHE_DIR": cache,
                         "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
            started = time.monotonic()
            process = start(environment, script, self._threads, arguments, variables)
            line = process.communicate()[0]
            if not line:
                sys.exit(f"{name} died")
            ready = json.loads(line)
            check_losses(name, ready["losses"], self._losses)
            return ready["first_done"] - started

        return start_peer


def compare(name, threads, march, rounds, peer_compilations, artifact=False):
    """Times by contestant. nnc compiles in every round, the peers as often as said."""
    with tempfile.TemporaryDirectory() as folder:
        starters = Starters(name, threads, march, folder, artifact)
        times, caches = {contestant: Times() for contestant in starters.by_name}, {}
        for number in range(1 + peer_compilations):
            for contestant, start_once in starters.by_name.items():
                caches[contestant] = starters.new_folder()
                seconds = start_once(caches[contestant])
                if number > 0:
                    times[contestant].cold.append(seconds)
        for _ in range(rounds):
            for contestant, start_once in starters.by_name.items():
                times[contestant].cached.append(start_once(caches[contestant]))
            times["nnc"].cold.append(starters.by_name["nnc"](starters.new_folder()))
    return times


def print_comparison(name, threads, march, rounds, peer_compilations, artifact=False):
    """The table of one network. Returns times by contestant."""
    times = compare(name, threads, march, rounds, peer_compilations, artifact)
    print(f"\n{name:<24}{'cold min s':>11}{'median s':>9}{'nnc / it':>9}{'cached min s':>14}{'median s':>9}{'nnc / it':>9}")
    for contestant, own in times.items():
        cells = [(min(own.cold), statistics.median(own.cold), statistics.median(times["nnc"].cold)),
                 (min(own.cached), statistics.median(own.cached), statistics.median(times["nnc"].cached))]
        print(f"{contestant:<24}" + "".join(f"{least:>{width}.2f}{median:>9.2f}{ours / median:>9.2f}"
                                            for width, (least, median, ours) in zip((11, 14), cells)), flush=True)
    if "torch artifact" not in times:
        print("torch artifact: not made; PyTorch unrolls the LSTM over time for it, which takes minutes")
    return times


def main():
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--peer-compilations", type=int, default=1)
    parser.add_argument("--artifact", action="store_true", help="of networks with an LSTM too")
    arguments = parser.parse_args()
    print(f"From process start to the first finished step, {arguments.threads} threads")
    for name in arguments.networks or NETWORKS:
        print_comparison(name, arguments.threads, arguments.march, arguments.rounds, arguments.peer_compilations,
                         arguments.artifact)


if __name__ == "__main__":
    main()
