"""Compares the parameters of layers with those of Keras' (nnc-opt's report; count_params): keras_parameters.py SEED COUNT.
COUNT layers with parameters, drawn at random from every family of test/layers/."""

import os
import re
import subprocess
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np

from gradient_steps import batched
from layer_families import draws
from layer_family import Value


def count_of_nnc(value, layer):
    text = f"""nn.model @m(%x: {batched(value.shape, value.element)}) -> {batched(layer.shape)} {{
  %y = {layer.line}
  nn.return %y
}}
"""
    report = subprocess.run(["nnc-opt", "-", "--nn-report"], input=text, capture_output=True, text=True, check=True).stdout
    return int(re.search(r"Total params: ([\d,]+)", report).group(1).replace(",", ""))


def main():
    random = np.random.default_rng(int(sys.argv[1]))
    seen = {}
    while sum(seen.values()) < int(sys.argv[2]):
        shape = tuple(int(size) for size in random.integers(1, 10, random.integers(1, 4)))
        value = Value("%x", shape) if random.random() < 0.7 else Value("%x", shape, "i32", 7)
        layer = random.choice(draws())(random, value, [])
        if layer is None or layer.keras is None:
            continue
        theirs = layer.keras(keras)
        theirs.build((None, *shape))
        ours = count_of_nnc(value, layer)
        assert ours == theirs.count_params(), f"{layer.line} of {shape}: {ours}, in Keras {theirs.count_params()}"
        seen[layer.op] = seen.get(layer.op, 0) + 1
    print(", ".join(f"{op}: {count}" for op, count in sorted(seen.items())))


main()
