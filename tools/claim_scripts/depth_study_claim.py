"""Claim depth-study: text classifiers of five kinds, each in 1, 2 and 3 layers, train to their end from one template; their
depths are what their layers say, their parameters Keras' (where it is installed) or the sum of their layers'. What depth
does to accuracy is printed, and no condition. --release takes all rows, the flagship's sizes, and hours."""

import os
import sys

from report import ROOT, arguments, finish

sys.path.append(os.path.join(ROOT, "benchmarks"))
from depth_study import conduct  # noqa: E402
from study import StudyError  # noqa: E402


def main():
    try:
        faults, trainings = conduct("full" if arguments(__doc__).release else "small")
    except StudyError as error:
        finish(False, error)
    finish(not faults, "; ".join(faults) or
           f"{trainings} trainings ended; depths are what their layers say, parameters Keras' or their layers' sum")


if __name__ == "__main__":
    main()
