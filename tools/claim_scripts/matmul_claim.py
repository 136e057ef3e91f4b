"""Claim matmul: matrix products in f32 through the same path as a layer's are as fast as the better of OpenBLAS (numpy's) and
PyTorch: in geometric mean at least, none of the named shapes (squares, the text classifier's, the perceptron's, in all three
forms) below 0.95, none of 100 random ones below 0.8, on one and on two threads; and no number of columns from 1 to 64 is
slower than the next larger one by more than a tenth. --release takes more rounds."""

import os
import sys
from statistics import geometric_mean

from report import ROOT, arguments, finish, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
from matmul import print_comparison, sweep  # noqa: E402
from matmul_cases import columns_sweep, own, some, squares  # noqa: E402

RANDOM, SEED, SECONDS = 100, 1, 0.03
MEAN, NAMED, ANY, CLIFF = 1.0, 0.95, 0.8, 1.1


def compare_all(threads, march, rounds):
    """Whether all bounds hold, and the figure."""
    named, cases = len(squares() + own()), squares() + own() + some(RANDOM, SEED)
    ratios = print_comparison(cases, threads, march, rounds, SECONDS, SEED)
    mean, worst_named, worst_random = geometric_mean(ratios), min(ratios[:named]), min(ratios[named:])
    return (mean >= MEAN and worst_named >= NAMED and worst_random >= ANY,
            f"{threads} threads: {mean:.2f} (geometric mean), least {worst_named:.2f} of the named shapes, "
            f"{worst_random:.2f} of the random ones")


def find_cliff(march, rounds):
    cases = columns_sweep()
    times = sweep(cases, 1, march, rounds, 0.02)
    slowdowns = [now / larger for now, larger in zip(times, times[1:])]
    worst = max(range(len(slowdowns)), key=slowdowns.__getitem__)
    return (slowdowns[worst] <= CLIFF,
            f"{cases[worst][1]} columns take {slowdowns[worst]:.2f} of the time of {cases[worst + 1][1]}, the worst case")


def main(march="native", thread_counts=(1, 2)):
    rounds = 9 if arguments(__doc__).release else 3
    run(os.path.join(ROOT, "benchmarks", "setup"), "torch")
    results = [compare_all(threads, march, rounds) for threads in thread_counts] + [find_cliff(march, 2 * rounds)]
    finish(all(holds for holds, _ in results), "; ".join(figure for _, figure in results))


if __name__ == "__main__":
    main()
