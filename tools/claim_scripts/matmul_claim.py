"""Claim matmul: matrix products in f32 through the same path as a layer's are as fast as the better of OpenBLAS (numpy's) and
PyTorch: in geometric mean at least, none of the named shapes (squares, the text classifier's, the perceptron's, in all three
forms) below 0.95, none of 100 random ones below 0.8, on one and on two threads; and no number of columns from 1 to 64 is
slower than the next larger one by more than a tenth. --release takes more rounds."""

import os
import sys
from statistics import geometric_mean, median

from report import ROOT, arguments, finish, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
from matmul import print_comparison  # noqa: E402
from matmul_cases import columns_sweep, own, some, squares  # noqa: E402

RANDOM, SEED, SECONDS = 100, 1, 0.03
MEAN, NAMED, ANY, CLIFF = 1.0, 0.95, 0.8, 1.1


def find_cliff(columns, times):
    """Whether the bound holds, and the figure. Times: a value a round, in which neighbours take turns one after the other."""
    slowdowns = [median(now / larger for now, larger in zip(*pair)) for pair in zip(times, times[1:])]
    worst = max(range(len(slowdowns)), key=slowdowns.__getitem__)
    return (slowdowns[worst] <= CLIFF,
            f"{columns[worst][1]} columns take {slowdowns[worst]:.2f} of the time of {columns[worst + 1][1]}, the worst case")


def compare_all(threads, march, rounds, columns):
    """Whether each bound holds, and its figure; of `columns` where there are any."""
    named, cases = len(squares() + own()), squares() + own() + some(RANDOM, SEED)
    ratios, times = print_comparison(cases, threads, march, rounds, SECONDS, SEED, columns)
    mean, worst_named, worst_random = geometric_mean(ratios), min(ratios[:named]), min(ratios[named:])
    yield (mean >= MEAN and worst_named >= NAMED and worst_random >= ANY,
           f"{threads} threads: {mean:.2f} (geometric mean), least {worst_named:.2f} of the named shapes, "
           f"{worst_random:.2f} of the random ones")
    if columns:
        yield find_cliff(columns, times)


def main(march="native", thread_counts=(1, 2)):
    rounds = 9 if arguments(__doc__).release else 5
    run(os.path.join(ROOT, "benchmarks", "setup"), "torch")
    results = []
    for index, threads in enumerate(thread_counts):
        results += compare_all(threads, march, rounds, [] if index else columns_sweep())
    finish(all(holds for holds, _ in results), "; ".join(figure for _, figure in results))


if __name__ == "__main__":
    main()
