"""Claim overfitting-study: the text classifier trains on a tenth of its rows with nothing, L1, L2, dropout, early stopping and
all of them; every training comes to the end that its options say, early stopping on the numbers of the training without it.
What helps is printed, and no condition. --release takes the flagship as it is."""

from study_claim import judge  # First, as it makes benchmarks/ known.

from overfitting_study import conduct

if __name__ == "__main__":
    judge(__doc__, conduct, "ended as their options say; early stopping saw the numbers of the training without it")
