"""Rows for a compiled program's training step, drawn from a seed, with something in them to learn: each class has a pattern of
its own, and every value of a row follows its class's pattern or chance. Some rows are of another class than they look, so
that a loss does not fall to nothing, where a relative difference means little."""

import numpy as np

from nnc_program import DTYPES

FOLLOWING = 0.3  # share of the values that follow the pattern
MISTAKEN = 0.2  # share of the rows of another class
CHOICES = 50  # integers that a class prefers, at most
LEVELS = 16  # of floats: an archive of them stays small


def drawn_rows(inputs, rows, seed=7):
    """`inputs`: nnc_program.Input by name; the first integer a row among them is the class."""
    random = np.random.default_rng(seed)

    def is_class(value):
        return value.tensor.rank == 1 and value.has_range and DTYPES[value.tensor.dtype].kind == "i"

    label = next((name for name, value in inputs.items() if is_class(value)), None)
    classes = inputs[label].range_max + 1 if label else 1
    of_row = random.integers(0, classes, rows)
    data = {}
    for name, value in inputs.items():
        shape, dtype = (rows, *value.tensor.shape[1 : value.tensor.rank]), DTYPES[value.tensor.dtype]
        follows = random.random(shape) < FOLLOWING
        if name == label:
            mistaken = random.random(rows) < MISTAKEN
            data[name] = np.where(mistaken, random.integers(0, classes, rows), of_row).astype(dtype)
        elif dtype.kind == "f":
            pattern = random.integers(0, LEVELS, (classes, *shape[1:]))[of_row]
            data[name] = (np.where(follows, pattern, random.integers(0, LEVELS, shape)) / LEVELS).astype(dtype)
        else:
            low, high = (value.range_min, value.range_max + 1) if value.has_range else (0, CHOICES)
            preferred = random.integers(low, high, (classes, min(CHOICES, high - low)))
            column = of_row.reshape(-1, *[1] * (len(shape) - 1))
            chosen = preferred[column, random.integers(0, preferred.shape[1], shape)]
            data[name] = np.where(follows, chosen, random.integers(low, high, shape)).astype(dtype)
    return data
