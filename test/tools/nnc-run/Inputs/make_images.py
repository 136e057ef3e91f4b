"""Writes train and validation rows for models/mlp.mlir, of random images, into the folder given."""
import os
import sys

import numpy as np

random = np.random.default_rng(1)
for split, rows in (("train", 250), ("validation", 40)):
    folder = os.path.join(sys.argv[1], split)
    os.makedirs(folder)
    np.save(os.path.join(folder, "image.npy"), random.random((rows, 784), dtype=np.float32))
    np.save(os.path.join(folder, "label.npy"), random.integers(0, 10, rows, dtype=np.int32))
