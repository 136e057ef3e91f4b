"""Claim depth-study: text classifiers of five kinds, each in 1, 2 and 3 layers, train to their end from one template; their
depths are what their layers say, their parameters Keras' (where it is installed) or the sum of their layers'. What depth
does to accuracy is printed, and no condition. --release takes all rows, the flagship's sizes, and half an hour or more."""

from study_claim import judge  # First, as it makes benchmarks/ known.

from depth_study import conduct

if __name__ == "__main__":
    judge(__doc__, conduct, "ended; depths are what their layers say, parameters Keras' or their layers' sum")
