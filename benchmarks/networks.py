"""The networks that the step-time comparisons train, the same for every contestant: sizes, model file, batch.

A network is named `flagship:TOKENS:BATCH:UNITS` (embedding, two LSTM layers, softmax of 20 classes; the text classifier is
flagship:64:32:128), `mlp:BATCH` (784-512-256-10) or `mlp:BATCH:INPUTS:FIRST:SECOND:CLASSES`, a perceptron of other widths.
Adam with Keras' defaults. All start from the weights that nnc draws, by nnc's names and in Keras' layout.
"""

import re

import numpy as np

VOCABULARY, CLASSES = 10000, 20
WIDTHS = [784, 512, 256, 10]  # Of models/mlp.mlir.


class Network:
    def __init__(self, name):
        self.name = name
        self.kind, *sizes = name.split(":")
        sizes = [int(size) for size in sizes]
        if self.kind == "flagship" and len(sizes) == 3:
            self.tokens, self.batch, self.units = sizes
        elif self.kind == "mlp" and len(sizes) in (1, 1 + len(WIDTHS)):
            self.batch, *widths = sizes
            self.widths = widths or WIDTHS
        else:
            raise ValueError(f"no network '{name}': flagship:TOKENS:BATCH:UNITS, mlp:BATCH or "
                             "mlp:BATCH:INPUTS:FIRST:SECOND:CLASSES")

    @property
    def is_flagship(self):
        return self.kind == "flagship"

    @property
    def title(self):
        if self.is_flagship:
            return f"Text classifier: {self.tokens} tokens, batch {self.batch}, {self.units} units"
        widths = "" if self.widths == WIDTHS else f", {'-'.join(map(str, self.widths))}"
        return f"Perceptron: batch {self.batch}{widths}"

    def model(self, root):
        """The text of its model file."""
        with open(f"{root}/models/{'text_classifier' if self.is_flagship else 'mlp'}.mlir") as file:
            text = file.read()
        if self.is_flagship:
            text = text.replace("?x64x", f"?x{self.tokens}x").replace("units = 128", f"units = {self.units}")
            return re.sub(r"dim = 128", f"dim = {self.units}", text)
        widths = dict(zip(map(str, WIDTHS), map(str, self.widths)))
        return re.sub(r"(?<=x)\d+(?=xf32)|(?<=units = )\d+", lambda width: widths[width.group()], text)

    def data(self, rows=None):
        """A batch, or as many rows: inputs by name."""
        random, rows = np.random.default_rng(1), rows or self.batch
        if self.is_flagship:
            return {"tokens": random.integers(0, VOCABULARY, (rows, self.tokens), dtype=np.int32),
                    "label": random.integers(0, CLASSES, rows, dtype=np.int32)}
        return {"image": random.random((rows, self.widths[0]), dtype=np.float32),
                "label": random.integers(0, self.widths[-1], rows, dtype=np.int32)}

    def multiply_adds(self):
        """Of one training step: forward, and backward for weights and for inputs that need a gradient. What comes
        elementwise is not counted."""
        if self.is_flagship:
            layer = 8 * self.units * self.units * self.tokens * self.batch  # input and recurrent product
            return 3 * (2 * layer + self.batch * self.units * CLASSES)
        first, *rest = (self.batch * rows * columns for rows, columns in zip(self.widths, self.widths[1:]))
        return 2 * first + 3 * sum(rest)


MLP = ["mlp:32", "mlp:128"]
FLAGSHIPS = [f"flagship:{tokens}:{batch}:{units}" for tokens in (64, 200) for batch in (32, 128) for units in (128, 512)]
CORNERS = ["mlp:128", "flagship:64:32:128", "flagship:200:32:128", "flagship:64:128:512", "flagship:200:128:512"]
