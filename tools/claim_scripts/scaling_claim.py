"""Claim scaling: two threads train large networks (a billion multiply-adds a step: all but the perceptron, which stands
beside them) at least 1.8 times as fast as one; and as the text classifier's batch, width or length doubles, step time grows
at most 1.15 times as fast as the multiply-adds. --release takes all networks, else the perceptron and the corners of the
grid; --picture draws the cost by size."""

import os
import sys

from report import ROOT, arguments, finish

sys.path.append(os.path.join(ROOT, "benchmarks"))
from networks import CORNERS, FLAGSHIPS, MLP  # noqa: E402
from scaling import print_sizes, print_threads, time_all  # noqa: E402

SPEEDUP, GROWTH = 1.8, 1.15


def main():
    given = arguments(__doc__, picture="an SVG file for the cost by size")
    names, rounds = (MLP + FLAGSHIPS, 7) if given.release else (CORNERS, 5)
    times = time_all(names, "native", rounds, 0.3)
    speedups, growth = print_threads(times, names), print_sizes(times, given.picture)
    slowest, steepest = min(speedups, key=speedups.get), max(growth, key=growth.get)
    finish(speedups[slowest] >= SPEEDUP and growth[steepest] <= GROWTH,
           f"two threads are at least {speedups[slowest]:.2f} times as fast as one ({slowest}; at least {SPEEDUP}); between "
           f"neighbouring sizes step time grows at most {growth[steepest]:.2f} times as fast as the multiply-adds ({steepest}; "
           f"at most {GROWTH})")


if __name__ == "__main__":
    main()
