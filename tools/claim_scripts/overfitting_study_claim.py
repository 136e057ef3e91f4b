"""Claim overfitting-study: the text classifier trains on a tenth of its rows with nothing, L1, L2, dropout, early stopping and
all of them; every training comes to the end that its options say, early stopping on the numbers of the training without it.
What helps is printed, and no condition. --release takes the flagship as it is, and hours."""

import os
import sys

from report import ROOT, arguments, finish

sys.path.append(os.path.join(ROOT, "benchmarks"))
from overfitting_study import conduct  # noqa: E402
from study import StudyError  # noqa: E402


def main():
    try:
        faults, trainings = conduct("full" if arguments(__doc__).release else "small")
    except StudyError as error:
        finish(False, error)
    finish(not faults, "; ".join(faults) or
           f"{trainings} trainings ended as their options say; early stopping saw the numbers of the training without it")


if __name__ == "__main__":
    main()
