#!/usr/bin/env python3
"""Matrix products of nnc, OpenBLAS (numpy's) and PyTorch, side by side on one machine, f32.

    benchmarks/setup torch
    python3 benchmarks/matmul.py [--threads N] [--march CPU] [--random N] [--seed N] [--rounds N] [--sweep]

Each contestant is a process of its own. A round goes through all shapes, and all contestants have their turns at one before
the next: what disturbs the machine for seconds disturbs one round of a shape, not all. A shape has more rounds than --rounds
until the three fastest of each contestant agree within three hundredths, up to five times as many. A line a shape:
GFLOP/s of each (its fastest calls) and nnc's rate divided by the better peer's. With --sweep, nnc alone on every number of
columns from 1 to 64.
"""

import json
import tempfile
from statistics import geometric_mean

import matmul_cases
from contest import MOST_ROUNDS, Contestant, is_settled, make_parser

# By their environments.
PEERS = {"openblas": "venv", "torch": "venv-torch"}


def start_contestants(cases, threads, march, peers=()):
    """nnc, and of `peers` those named, ready for these cases."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(cases, file)
        file.flush()
        contestants = [Contestant("nnc", "venv", "matmul_nnc.py", threads, [threads, march, file.name])]
        return contestants + [Contestant(peer, PEERS[peer], "matmul_peer.py", threads, [peer, threads, file.name])
                              for peer in peers]


def time_cases(groups, rounds, seconds):
    """Seconds a call, the fastest of all rounds, by contestant, for each case of all groups. A group: its contestants, and how
    many cases they are ready for."""
    turns = [(contestants, number) for contestants, count in groups for number in range(count)]
    times = [{contestant.name: [] for contestant in contestants} for contestants, _ in turns]
    for done in range(MOST_ROUNDS * rounds):
        for (contestants, number), of_case in zip(turns, times):
            if done >= rounds and all(map(is_settled, of_case.values())):
                continue
            for contestant in contestants:
                of_case[contestant.name].append(contestant.ask({"case": number, "seconds": seconds}))
    for contestants, _ in groups:
        for contestant in contestants:
            contestant.close()
    return [{name: min(values) for name, values in of_case.items()} for of_case in times]


def print_comparison(cases, threads, march, rounds, seconds, seed, beside=()):
    """The table. Returns nnc's rate divided by the better peer's, for each case, and nnc's seconds on one thread for each of
    `beside`: cases that take turns with the others, which puts their rounds farther apart than most disturbances last."""
    groups = [(start_contestants(cases, threads, march, PEERS), len(cases))]
    if beside:
        groups.append((start_contestants(beside, 1, march), len(beside)))
    times = time_cases(groups, rounds, seconds)
    print(f"GFLOP/s on {threads} threads; random shapes by seed {seed}")
    print(f"{'m':>5}{'n':>6}{'k':>6}  form{'nnc':>8}{'openblas':>10}{'torch':>8}{'nnc / better':>14}")
    ratios = []
    for (m, n, k, form), of_case in zip(cases, times):
        ratios.append(min(of_case["openblas"], of_case["torch"]) / of_case["nnc"])
        rates = {name: 2e-9 * m * n * k / seconds for name, seconds in of_case.items()}
        print(f"{m:>5}{n:>6}{k:>6}  {form:<4}{rates['nnc']:>8.1f}{rates['openblas']:>10.1f}{rates['torch']:>8.1f}"
              f"{ratios[-1]:>14.2f}", flush=True)
    return ratios, [of_case["nnc"] for of_case in times[len(cases):]]


def sweep(cases, threads, march, rounds, seconds):
    """Seconds a call of nnc alone, for each case."""
    groups = [(start_contestants(cases, threads, march), len(cases))]
    return [times["nnc"] for times in time_cases(groups, rounds, seconds)]


def main():
    parser = make_parser(__doc__, rounds=5)
    parser.add_argument("--random", type=int, default=0, help="random shapes besides the named ones")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.05, help="a turn")
    parser.add_argument("--sweep", action="store_true")
    arguments = parser.parse_args()
    if arguments.sweep:
        cases = matmul_cases.columns_sweep()
        for case, seconds in zip(cases, sweep(cases, arguments.threads, arguments.march, arguments.rounds, 0.02)):
            print(f"n = {case[1]:>2}  {1e6 * seconds:8.2f} µs")
        return
    cases = matmul_cases.squares() + matmul_cases.own() + matmul_cases.some(arguments.random, arguments.seed)
    ratios, _ = print_comparison(cases, arguments.threads, arguments.march, arguments.rounds, arguments.seconds, arguments.seed)
    print(f"geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}")


if __name__ == "__main__":
    main()
