#!/usr/bin/env python3
"""How the time of nnc's training step changes with threads, and of the text classifier's with batch, width and length.

    python3 benchmarks/scaling.py [--march CPU] [--rounds N] [--picture FILE.svg]

Each network and number of threads is a process of its own; rounds go through all of them in turn, more than --rounds
until the three fastest agree within three hundredths. A round's time is that of its fastest step, and ratios are of the
fastest rounds, which neighbours on the machine disturb least; medians of the rounds stand beside them. The picture
shows what a multiply-add costs as one size doubles and the others stay those of models/text_classifier.mlir: a level
line is a step time in proportion to the work.
"""

import os
import statistics
import tempfile

import picture
from contest import make_parser, time_in_turn
from networks import CORNERS, Network
from peak import measure_peak
from peers import own_contestant

BASE = {"tokens": 64, "batch": 32, "units": 128}
SIZES = {"batch": [8, 16, 32, 64, 128, 256], "units": [64, 128, 256, 512, 1024], "tokens": [16, 32, 64, 128, 256, 512]}


# Multiply-adds a step from which on a network is large: some 20 ms of two cores.
LARGE = 1e9


def name_of(**sizes):
    return "flagship:{tokens}:{batch}:{units}".format(**{**BASE, **sizes})


def time_all(names, march, rounds, seconds):
    """Seconds a step by case, (network, threads), one value a round: networks of these names on one thread and on two, those
    of all sizes on two. All cases take turns with each other, so that the rounds of each are far apart: what disturbs a
    machine for seconds then disturbs few of them."""
    cases = [(name, threads) for name in names for threads in (1, 2)]
    cases += [(name_of(**{axis: size}), 2) for axis, sizes in SIZES.items() for size in sizes]
    with tempfile.TemporaryDirectory() as folder:
        contestants = [own_contestant(network, threads, march, os.path.join(folder, "weights.npz"), (network, threads))
                       for network, threads in dict.fromkeys(cases)]
    return time_in_turn(contestants, rounds, seconds, fastest=True)


def print_threads(times, names):
    """One thread beside two. Returns how many times as fast two are, by network; of large ones only."""
    print(f"{'threads':<24}{'1: min ms':>11}{'median ms':>11}{'2: min ms':>11}{'median ms':>11}{'speed-up':>10}")
    speedups = {}
    for name in names:
        one, two = times[name, 1], times[name, 2]
        speedup = min(one) / min(two)
        if Network(name).multiply_adds() >= LARGE:
            speedups[name] = speedup
        print(f"{name:<24}" + "".join(f"{1e3 * value:>11.2f}" for each in (one, two)
                                      for value in (min(each), statistics.median(each))) + f"{speedup:>10.2f}")
    one, two = measure_peak(1), measure_peak(2)
    print(f"arithmetic in registers: {one / 1e9:.0f} GFLOP/s on one thread, {two / 1e9:.0f} on two: "
          f"{two / one:.2f} times as many", flush=True)
    return speedups


def print_sizes(times, path):
    """What a multiply-add costs as a size doubles; drawn to `path`, where there is one. Returns how many times as much as at
    the next smaller size, by network."""
    print(f"\n{'sizes':<24}{'min ms':>11}{'median ms':>11}{'ps/multiply-add':>17}{'of the last':>13}")
    growth, panels = {}, []
    for axis, sizes in SIZES.items():
        group = [name_of(**{axis: size}) for size in sizes]
        work = [Network(name).multiply_adds() for name in group]
        least = [1e12 * min(times[name, 2]) / count for name, count in zip(group, work)]
        medians = [1e12 * statistics.median(times[name, 2]) / count for name, count in zip(group, work)]
        for name, last, cost in zip(group, [None] + least, least):
            if last:
                growth[name] = max(cost / last, growth.get(name, 0))
            print(f"{name:<24}{1e3 * min(times[name, 2]):>11.2f}{1e3 * statistics.median(times[name, 2]):>11.2f}{cost:>17.2f}"
                  f"{f'{cost / last:.2f}' if last else '':>13}")
        panels.append(picture.Panel(axis, sizes, least, medians))
    if path:
        base = Network(name_of()).title.removeprefix("Text classifier: ")
        picture.draw_panels(
            path, "What a multiply-add costs in a training step of the text classifier",
            f"Step time on two threads divided by the step's multiply-adds. One size varies, the others stay at {base}. "
            "Filled: median of all rounds; hollow: the fastest round.",
            "picoseconds a multiply-add", panels, (2e12 / measure_peak(2), "the machine's peak"))
    return growth


def main():
    parser = make_parser(__doc__, rounds=5, threads=False)
    parser.add_argument("--seconds", type=float, default=0.3, help="a turn")
    parser.add_argument("--picture", help="an SVG file for the cost by size")
    arguments = parser.parse_args()
    times = time_all(CORNERS, arguments.march, arguments.rounds, arguments.seconds)
    print_threads(times, CORNERS)
    print_sizes(times, arguments.picture)


if __name__ == "__main__":
    main()
