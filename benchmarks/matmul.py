#!/usr/bin/env python3
"""Matrix products of nnc, OpenBLAS (numpy's) and PyTorch, side by side on one machine, f32.

    benchmarks/setup torch
    python3 benchmarks/matmul.py [--threads N] [--march CPU] [--random N] [--seed N] [--rounds N]
                                 [--seconds S] [--sweep | --same]

Each contestant is a process of its own. A round goes through all shapes, and all contestants have their turns at one before
the next. A machine whose whole cores run faster and slower for seconds at a time does so for all turns of a shape in a round:
ratios are taken within rounds, and the median of the third of them that was disturbed least counts. A shape has more rounds
than --rounds until those medians are known to a hundredth, up to five times as many. A line a shape: GFLOP/s of each (its
fastest calls), nnc's rate divided by the better peer's of those, and as that median. With --sweep, nnc alone on every number
of columns from 1 to 64. With --same, a second nnc stands in the peers' place: what the ratios then differ from 1 by is what
the measurement does.
"""

import json
import tempfile
from statistics import geometric_mean, median, quantiles

import matmul_cases
from contest import MOST_ROUNDS, Contestant, make_parser

# By their environments.
PEERS = {"openblas": "venv", "torch": "venv-torch"}

FEWEST_ROUNDS, KNOWN_SHARE = 5, 0.01


def start_contestants(cases, threads, march, peers=()):
    """nnc, and of `peers` those named, ready for these cases; "nnc again" is a peer too."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(cases, file)
        file.flush()

        def start(name):
            if name in PEERS:
                return Contestant(name, PEERS[name], "matmul_peer.py", threads, [name, threads, file.name])
            return Contestant(name, "venv", "matmul_nnc.py", threads, [threads, march, file.name])

        return [start(name) for name in ("nnc", *peers)]


def ratios_within_rounds(of_case):
    """By peer, its time divided by nnc's in each of the rounds that disturbed the contestants least: where a neighbour shares a
    core for a while, all are slower, but not alike. Of many rounds these are a third."""
    fastest = {name: min(times) for name, times in of_case.items()}
    count = len(of_case["nnc"])
    slowest = [max(times[number] / fastest[name] for name, times in of_case.items()) for number in range(count)]
    chosen = sorted(range(count), key=slowest.__getitem__)[:max(FEWEST_ROUNDS, count // 3)]
    return {peer: [times[number] / of_case["nnc"][number] for number in chosen]
            for peer, times in of_case.items() if peer != "nnc"}


def is_known(ratios):
    """Whether the median of so many rounds' ratios is known well enough. Its standard error is 0.93 times the distance of the
    quartiles over the root of their number, where they are distributed normally."""
    lower, _, upper = quantiles(ratios, n=4, method="inclusive")
    return upper - lower <= KNOWN_SHARE * median(ratios) * len(ratios) ** 0.5


def time_cases(groups, rounds, seconds):
    """Seconds a call by contestant, a value a round, for each case of all groups. A group: its contestants, and how many cases
    they are ready for. Contestants begin rounds by turns. Cases of a lone contestant, which are there to be compared with each
    other, have all rounds that there may be."""
    turns = [(contestants, number) for contestants, count in groups for number in range(count)]
    times = [{contestant.name: [] for contestant in contestants} for contestants, _ in turns]
    for done in range(MOST_ROUNDS * rounds):
        for (contestants, number), of_case in zip(turns, times):
            if done >= rounds and len(contestants) > 1 and all(map(is_known, ratios_within_rounds(of_case).values())):
                continue
            first = done % len(contestants)
            for contestant in contestants[first:] + contestants[:first]:
                of_case[contestant.name].append(contestant.ask({"case": number, "seconds": seconds}))
    for contestants, _ in groups:
        for contestant in contestants:
            contestant.close()
    return times


def print_comparison(cases, threads, march, rounds, seconds, seed, beside=(), peers=tuple(PEERS)):
    """The table. Returns nnc's rate divided by the better peer's, for each case, and nnc's seconds on one thread, a value a
    round, for each of `beside`: cases that take turns with the others, which puts their rounds farther apart."""
    groups = [(start_contestants(cases, threads, march, peers), len(cases))]
    if beside:
        groups.append((start_contestants(beside, 1, march), len(beside)))
    times = time_cases(groups, rounds, seconds)
    print(f"GFLOP/s on {threads} threads; random shapes by seed {seed}")
    print(f"{'m':>5}{'n':>6}{'k':>6}  form{'nnc':>8}{''.join(f'{peer:>11}' for peer in peers)}"
          "  nnc / better: fastest  median  rounds")
    medians = []
    for (m, n, k, form), of_case in zip(cases, times):
        fastest = {name: min(values) for name, values in of_case.items()}
        medians.append(min(median(ratios) for ratios in ratios_within_rounds(of_case).values()))
        rates = {name: 2e-9 * m * n * k / seconds for name, seconds in fastest.items()}
        print(f"{m:>5}{n:>6}{k:>6}  {form:<4}{rates['nnc']:>8.1f}{''.join(f'{rates[peer]:>11.1f}' for peer in peers)}"
              f"{min(fastest[peer] for peer in peers) / fastest['nnc']:>23.2f}{medians[-1]:>8.2f}{len(of_case['nnc']):>8}",
              flush=True)
    return medians, [of_case["nnc"] for of_case in times[len(cases):]]


def sweep(cases, threads, march, rounds, seconds):
    """Seconds a call of nnc alone, a value a round, for each case."""
    groups = [(start_contestants(cases, threads, march), len(cases))]
    return [times["nnc"] for times in time_cases(groups, rounds, seconds)]


def main():
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--random", type=int, default=0, help="random shapes besides the named ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.05, help="a turn")
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--sweep", action="store_true", help="nnc alone, by columns")
    kind.add_argument("--same", action="store_true", help="nnc beside itself")
    arguments = parser.parse_args()
    if arguments.sweep:
        cases = matmul_cases.columns_sweep()
        for case, seconds in zip(cases, sweep(cases, arguments.threads, arguments.march, arguments.rounds, 0.02)):
            print(f"n = {case[1]:>2}  {1e6 * min(seconds):8.2f} µs")
        return
    cases = matmul_cases.squares() + matmul_cases.own() + matmul_cases.some(arguments.random, arguments.seed)
    ratios, _ = print_comparison(cases, arguments.threads, arguments.march, arguments.rounds, arguments.seconds, arguments.seed,
                                 peers=("nnc again",) if arguments.same else tuple(PEERS))
    print(f"geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}")


if __name__ == "__main__":
    main()
