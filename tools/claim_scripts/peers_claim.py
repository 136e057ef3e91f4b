"""Claim peers: a training step takes no longer than the fastest peer's (PyTorch eager and compiled, JAX, Keras plain and XLA) on
any network, and at most 0.8 of it in geometric mean; and training one takes at most half of the memory that the most frugal
peer takes, the compiler's included. --release takes all networks, else the perceptron and the corners of the grid."""

import math
import os
import statistics
import subprocess
import sys
import tempfile

from report import NNC_RUN, ROOT, Table, arguments, finish, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
import numpy as np  # noqa: E402
from memory import PeakMemory  # noqa: E402
from networks import CORNERS, FLAGSHIPS, MLP, Network  # noqa: E402
from peak import measure_peak  # noqa: E402
from peers import check_losses, make_contestants, time_in_turn  # noqa: E402

EACH, MEAN, MEMORY = 1.0, 0.8, 0.5


def measure_own_memory(network, threads, march):
    """Peak bytes of nnc-run training on four batches, nothing compiled yet."""
    with tempfile.TemporaryDirectory() as directory:
        model, data = os.path.join(directory, "network.mlir"), os.path.join(directory, "data")
        os.mkdir(data)
        with open(model, "w") as file:
            file.write(network.model(ROOT))
        for name, values in network.data(4 * network.batch).items():
            np.save(os.path.join(data, f"{name}.npy"), values)
        process = subprocess.Popen(
            [NNC_RUN, "train", model, "--data", data, "--batch", str(network.batch), "--epochs", "1", "--threads",
             str(threads), "--march", march, "--progress", "none"],
            env=dict(os.environ, XDG_CACHE_HOME=os.path.join(directory, "cache")))
        memory = PeakMemory(process.pid)
        if process.wait() != 0:
            finish(False, f"nnc-run train failed on {network.name}")
        return memory.stop()


def compare(name, threads, march, rounds, peak):
    """The ratio of step times to the fastest peer, and that of memory to the most frugal one."""
    network = Network(name)
    contestants, memory = [], {}
    with tempfile.TemporaryDirectory() as directory:
        for contestant in make_contestants(name, threads, march, os.path.join(directory, "weights.npz"), []):
            contestants.append(contestant)
            memory[contestant.name] = contestant.peak_memory
    check_losses(contestants)
    memory["nnc"] = measure_own_memory(network, threads, march)
    times = time_in_turn(contestants, rounds, seconds=0.3)
    table = Table((name, 24), ("min ms", 9), ("median ms", 9), ("of FMA peak", 11), ("MB", 6))
    for contestant, seconds in times.items():
        table.row(contestant, f"{1e3 * min(seconds):.2f}", f"{1e3 * statistics.median(seconds):.2f}",
                  f"{2 * network.multiply_adds() / min(seconds) / peak:.0%}", f"{memory[contestant] / 1e6:.0f}")
    best = min(statistics.median(seconds) for other, seconds in times.items() if other != "nnc")
    least = min(size for other, size in memory.items() if other != "nnc")
    return statistics.median(times["nnc"]) / best, memory["nnc"] / least


def main(march="native"):
    release = arguments(__doc__).release
    for framework in ("torch", "keras"):
        run(os.path.join(ROOT, "benchmarks", "setup"), framework)
    threads = len(os.sched_getaffinity(0))
    peak = measure_peak(threads)
    print(f"{threads} threads, FMA peak {peak / 1e9:.0f} GFLOP/s")
    networks = MLP + FLAGSHIPS if release else CORNERS
    ratios = {name: compare(name, threads, march, 7 if release else 3, peak) for name in networks}
    steps, memory = zip(*ratios.values())
    mean = math.exp(sum(map(math.log, steps)) / len(steps))
    worst = max(ratios, key=lambda name: ratios[name][0])
    finish(max(steps) <= EACH and mean <= MEAN and max(memory) <= MEMORY,
           f"step time {mean:.2f} of the fastest peer's (geometric mean; at most {MEAN}), at worst {max(steps):.2f} ({worst}; at "
           f"most {EACH}); memory at most {max(memory):.2f} of the most frugal peer's (at most {MEMORY})")


if __name__ == "__main__":
    main()
