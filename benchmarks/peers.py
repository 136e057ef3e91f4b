#!/usr/bin/env python3
"""Training steps of nnc, PyTorch (eager, compiled), JAX (jit) and Keras (TensorFlow, plain and XLA), side by side on one machine:
the same network, batch, weights and threads, f32, Adam.

    benchmarks/setup torch && benchmarks/setup keras
    python3 benchmarks/peers.py [NETWORK...] [--threads N] [--march CPU] [--rounds N] [--only NAME,NAME] [--json FILE]

NETWORK is flagship:TOKENS:BATCH:UNITS or mlp:BATCH; without one, those of networks.py's CORNERS. Each contestant is a
process of its own, with as many processors as threads. First all take three steps from nnc's weights: the first losses must
agree to 1e-5, the others, which come of each framework's own form of Adam, to 1e-2. Then rounds alternate. `share` is that of the FMA peak measured in this run, counted on useful multiply-adds.
"""

import argparse
import json
import math
import os
import statistics
import sys
import tempfile

from contest import Contestant
from networks import CORNERS, Network
from peak import measure_peak

FIRST_TOLERANCE, LATER_TOLERANCE = 1e-5, 1e-2


def make_contestants(network, threads, march, weights, only):
    """nnc first: it writes the weights that the others load."""
    known = {
        "nnc": ("venv", "peer_nnc.py", [network, threads, march, weights]),
        "torch": ("venv-torch", "peer_torch.py", [network, threads, "eager", weights]),
        "torch.compile": ("venv-torch", "peer_torch.py", [network, threads, "compiled", weights]),
        "jax": ("venv", "peer_jax.py", [network, weights]),
        "keras": ("venv-keras", "peer_keras.py", [network, threads, "plain", weights]),
        "keras xla": ("venv-keras", "peer_keras.py", [network, threads, "xla", weights]),
    }
    for name, (environment, script, arguments) in known.items():
        if not only or name in only:
            yield Contestant(name, environment, script, threads, arguments)


def check_losses(contestants):
    """All must compute the same: the losses of the first three steps."""
    ours = contestants[0].ready
    for contestant in contestants[1:]:
        errors = [abs(a - b) / abs(b) for a, b in zip(contestant.ready, ours)]
        if not (errors[0] <= FIRST_TOLERANCE and max(errors) <= LATER_TOLERANCE):
            sys.exit(f"{contestant.name} does not compute what nnc does: losses {contestant.ready} against {ours}")


def compare(network, threads, march, rounds, seconds, only=()):
    """Seconds a step of each contestant, by name: one value a round."""
    with tempfile.TemporaryDirectory() as directory:
        contestants = list(make_contestants(network, threads, march, os.path.join(directory, "weights.npz"), only))
    check_losses(contestants)
    return time_in_turn(contestants, rounds, seconds)


def time_in_turn(contestants, rounds, seconds):
    times = {contestant.name: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant in contestants:
            times[contestant.name].append(contestant.ask({"seconds": seconds}))
    for contestant in contestants:
        contestant.close()
    return times


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--march", default="native")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.4, help="a turn")
    parser.add_argument("--only", default="", help="contestants besides which none runs; nnc must be one")
    parser.add_argument("--json", help="a file for all times")
    arguments = parser.parse_args()
    peak = measure_peak(arguments.threads)
    print(f"{arguments.threads} threads, FMA peak {peak / 1e9:.0f} GFLOP/s")
    only = [name for name in arguments.only.split(",") if name]
    everything, ratios = {}, []
    for name in arguments.networks or CORNERS:
        times = compare(name, arguments.threads, arguments.march, arguments.rounds, arguments.seconds, only)
        everything[name] = times
        print(f"\n{name:<24}{'min ms':>9}{'median ms':>11}{'share':>7}{'nnc / it':>10}")
        flops = 2 * Network(name).multiply_adds()
        ours = times["nnc"]
        for contestant, values in times.items():
            ratio = statistics.median(ours) / statistics.median(values)
            print(f"{contestant:<24}{1e3 * min(values):>9.2f}{1e3 * statistics.median(values):>11.2f}"
                  f"{flops / min(values) / peak:>7.0%}{ratio:>10.2f}", flush=True)
        best = min(statistics.median(values) for other, values in times.items() if other != "nnc")
        ratios.append(statistics.median(ours) / best)
    print(f"\nnnc / fastest peer: geometric mean {math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}, "
          f"greatest {max(ratios):.2f}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"threads": arguments.threads, "peak": peak, "seconds": everything}, file, indent=1)


if __name__ == "__main__":
    main()
