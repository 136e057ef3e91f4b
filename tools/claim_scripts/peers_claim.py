"""Claim peers: a training step takes no longer than the fastest peer's (PyTorch eager and compiled, JAX, Keras plain and XLA)
on any network, and at most 0.8 of it in geometric mean; and training one takes at most half of the memory that the most
frugal peer takes, the compiler's included. --release takes all networks, else the perceptron and the corners of the grid."""

import os
import sys
from statistics import geometric_mean

from report import ROOT, arguments, finish, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
from networks import CORNERS, FLAGSHIPS, MLP  # noqa: E402
from peak import measure_peak  # noqa: E402
from peers import best_peer, print_comparison  # noqa: E402

EACH, MEAN, MEMORY = 1.0, 0.8, 0.5


def main(march="native", small=CORNERS):
    release = arguments(__doc__).release
    for framework in ("torch", "keras"):
        run(os.path.join(ROOT, "benchmarks", "setup"), framework)
    threads = len(os.sched_getaffinity(0))
    peak = measure_peak(threads)
    print(f"{threads} threads, FMA peak {peak / 1e9:.0f} GFLOP/s")
    steps, memory = {}, []
    for name in MLP + FLAGSHIPS if release else small:
        results = print_comparison(name, threads, march, 7 if release else 3, 0.3, peak)
        steps[name] = results["nnc"].median / best_peer(results, lambda result: result.median)
        memory.append(results["nnc"].memory / best_peer(results, lambda result: result.memory))
    mean, worst = geometric_mean(steps.values()), max(steps, key=steps.get)
    finish(steps[worst] <= EACH and mean <= MEAN and max(memory) <= MEMORY,
           f"step time {mean:.2f} of the fastest peer's (geometric mean; at most {MEAN}), at worst {steps[worst]:.2f} "
           f"({worst}; at most {EACH}); memory at most {max(memory):.2f} of the most frugal peer's (at most {MEMORY})")


if __name__ == "__main__":
    main()
