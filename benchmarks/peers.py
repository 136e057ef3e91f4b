#!/usr/bin/env python3
"""Training steps of nnc, PyTorch (eager, compiled), JAX (jit) and Keras (TensorFlow, plain and XLA), side by side on one
machine: the same network, batch, weights and threads, f32, Adam.

    benchmarks/setup torch && benchmarks/setup keras
    python3 benchmarks/peers.py [NETWORK...] [--threads N] [--march CPU] [--rounds N] [--only NAME,NAME] [--json FILE]
        [--picture FILE.svg]

NETWORK is flagship:TOKENS:BATCH:UNITS or mlp:BATCH; without one, those of networks.py's CORNERS. Each contestant is a
process of its own, with as many processors as threads. First all take three steps from nnc's weights: the first losses must
agree to 1e-5, the others, which come of each framework's own form of Adam, to 1e-2. Then rounds alternate. `share` is that
of the FMA peak measured in this run, counted on useful multiply-adds; `MB` the most memory resident at a time until the
three steps are done, of nnc that of nnc-run with the compiler that it starts.
"""

import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass

import picture
from contest import Contestant, make_parser, time_in_turn
from memory import PeakMemory
from networks import CORNERS, Network
from peak import measure_peak
from training_run import TrainingRun

FIRST_TOLERANCE, LATER_TOLERANCE = 1e-5, 1e-2


@dataclass
class Result:
    seconds: list  # a step: one value a round
    memory: int  # peak bytes

    @property
    def least(self):
        return min(self.seconds)

    @property
    def median(self):
        return statistics.median(self.seconds)


def own_contestant(network, threads, march, weights, name="nnc"):
    """nnc; it writes the weights that it starts from, for others to load."""
    return Contestant(name, "venv", "peer_nnc.py", threads, [network, threads, march, weights])


def make_contestants(network, threads, march, weights, only):
    yield own_contestant(network, threads, march, weights)
    peers = {
        "torch": ("venv-torch", "peer_torch.py", [network, threads, "eager", weights]),
        "torch.compile": ("venv-torch", "peer_torch.py", [network, threads, "compiled", weights]),
        "jax": ("venv", "peer_jax.py", [network, weights]),
        "keras": ("venv-keras", "peer_keras.py", [network, threads, "plain", weights]),
        "keras xla": ("venv-keras", "peer_keras.py", [network, threads, "xla", weights]),
    }
    for name, (environment, script, arguments) in peers.items():
        if not only or name in only:
            yield Contestant(name, environment, script, threads, arguments)


def check_losses(name, theirs, ours):
    """All must compute the same: the losses of the first three steps."""
    errors = [abs(a - b) / abs(b) for a, b in zip(theirs, ours)]
    if not (errors[0] <= FIRST_TOLERANCE and max(errors) <= LATER_TOLERANCE):
        sys.exit(f"{name} does not compute what nnc does: losses {theirs} against {ours}")


def measure_own_memory(network, threads, march):
    """Peak bytes of nnc-run training on four batches, nothing compiled yet."""
    with tempfile.TemporaryDirectory() as directory:
        process = TrainingRun(network, directory, batches=4).start(threads, march, os.path.join(directory, "cache"))
        memory = PeakMemory(process.pid)
        if process.wait() != 0:
            sys.exit(f"nnc-run train failed on {network.name}")
        return memory.stop()


def compare(name, threads, march, rounds, seconds, only=()):
    """The contestants' results by name."""
    with tempfile.TemporaryDirectory() as directory:
        contestants = list(make_contestants(name, threads, march, os.path.join(directory, "weights.npz"), only))
    for contestant in contestants[1:]:
        check_losses(contestant.name, contestant.ready["losses"], contestants[0].ready["losses"])
    memory = {contestant.name: contestant.peak_memory for contestant in contestants}
    memory["nnc"] = measure_own_memory(Network(name), threads, march)
    times = time_in_turn(contestants, rounds, seconds)
    return {contestant: Result(values, memory[contestant]) for contestant, values in times.items()}


def share_of_peak(name, result, peak):
    return 2 * Network(name).multiply_adds() / result.least / peak


def print_comparison(name, threads, march, rounds, seconds, peak, only=()):
    """The table of one network. Returns the results, by contestant."""
    results = compare(name, threads, march, rounds, seconds, only)
    print(f"\n{name:<24}{'min ms':>9}{'median ms':>11}{'share':>7}{'nnc / it':>10}{'MB':>7}")
    for contestant, result in results.items():
        print(f"{contestant:<24}{1e3 * result.least:>9.2f}{1e3 * result.median:>11.2f}"
              f"{share_of_peak(name, result, peak):>7.0%}{results['nnc'].median / result.median:>10.2f}"
              f"{result.memory / 1e6:>7.0f}", flush=True)
    return results


def best_peer(results, key):
    """The least that any contestant but nnc takes: key(result)."""
    return min(key(result) for contestant, result in results.items() if contestant != "nnc")


def draw(path, results, threads, peak):
    groups = []
    for name, contestants in results.items():
        bars = [picture.Bar(contestant, 1e3 * result.least, 1e3 * result.median,
                            f"{1e3 * result.median:.{1 if result.median < 1 else 0}f} ms, "
                            f"{share_of_peak(name, result, peak):.0%} of peak")
                for contestant, result in contestants.items()]
        groups.append((Network(name).title, bars))
    picture.draw_bars(
        path, f"Time of a training step on {threads} threads (less is better)",
        "Bar: median of all rounds; line: the fastest round. Share, in that round, of the machine's peak of multiply-adds, "
        f"{peak / 1e9:.0f} GFLOP/s.", "ms", groups)


def main():
    parser = make_parser(__doc__, rounds=7)
    parser.add_argument("networks", nargs="*", metavar="NETWORK")
    parser.add_argument("--seconds", type=float, default=0.4, help="a turn")
    parser.add_argument("--only", default="", help="peers besides which none runs")
    parser.add_argument("--json", help="a file for all times and sizes")
    parser.add_argument("--picture", help="an SVG file for the step times as bars")
    arguments = parser.parse_args()
    threads, peak = arguments.threads, measure_peak(arguments.threads)
    print(f"{threads} threads, FMA peak {peak / 1e9:.0f} GFLOP/s")
    only = [name for name in arguments.only.split(",") if name]
    results = {name: print_comparison(name, threads, arguments.march, arguments.rounds, arguments.seconds, peak, only)
               for name in arguments.networks or CORNERS}
    ratios = [each["nnc"].median / best_peer(each, lambda result: result.median) for each in results.values()]
    print(f"\nnnc / fastest peer: geometric mean {statistics.geometric_mean(ratios):.2f}, greatest {max(ratios):.2f}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump({"threads": threads, "peak": peak, "results": results}, file, indent=1, default=vars)
    if arguments.picture:
        draw(arguments.picture, results, threads, peak)


if __name__ == "__main__":
    main()
