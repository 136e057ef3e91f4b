"""The kinds of layers that have weights, and how Keras and PyTorch write those of each: one entry a kind in KINDS.

Keras' values are nnc's, under the numbers that a layer's variables have in their order. PyTorch's stand in other places,
transposed, with two biases. An entry has keras_class(names), keras_datasets(names), to_torch(values), from_torch(tensors):
`names` are the layer's parameters in nnc's order, `values` arrays by these names, `tensors` arrays by PyTorch's names
without a layer's number (`weight_ih`, `weight_ih_reverse`).
"""

import numpy as np

from weights.errors import WeightsError

DIRECTIONS = ("forward_", "backward_")


class Plain:
    """A weight, and a bias where the layer has one."""

    def __init__(self, keras_class, weight, transposed):
        self._class, self._weight, self._transposed = keras_class, weight, transposed

    def keras_class(self, names):
        return self._class

    def keras_datasets(self, names):
        return {f"vars/{number}": name for number, name in enumerate(names)}

    def to_torch(self, values):
        return {"weight" if name == self._weight else name: self._turn(name, value) for name, value in values.items()}

    def from_torch(self, tensors):
        named = {self._weight if name == "weight" else name: value for name, value in tensors.items()}
        return {name: self._turn(name, value) for name, value in named.items()}

    def _turn(self, name, value):
        return value.T if self._transposed and name == self._weight else value


class Recurrent:
    """A recurrent layer, in one direction or two. `order`: the places of PyTorch's gates among Keras'. PyTorch has two
    biases; so has the layer where the recurrent part's is added within a gate (`two_biases`), else theirs are summed."""

    def __init__(self, keras_class, order, two_biases=False):
        self._class, self._order, self._two_biases = keras_class, order, two_biases

    def keras_class(self, names):
        return "bidirectional" if self._directions(names) == DIRECTIONS else self._class

    def keras_datasets(self, names):
        datasets = {}
        for direction in self._directions(names):
            folder = f"{direction}layer/cell/vars" if direction else "cell/vars"
            own = [name for name in names if name.startswith(direction)]
            datasets.update({f"{folder}/{number}": name for number, name in enumerate(own)})
        return datasets

    def to_torch(self, values):
        tensors = {}
        for direction in self._directions(values):
            suffix = "_reverse" if direction == "backward_" else ""
            tensors["weight_ih" + suffix] = self._reorder(values[direction + "kernel"]).T
            tensors["weight_hh" + suffix] = self._reorder(values[direction + "recurrent_kernel"]).T
            bias = values.get(direction + "bias")
            if bias is None:
                continue
            if self._two_biases and bias.ndim == 1:
                raise WeightsError("has reset_after = false, which PyTorch's GRU cannot compute")
            bias = self._reorder(bias)
            tensors["bias_ih" + suffix], tensors["bias_hh" + suffix] = bias if self._two_biases else (bias, np.zeros_like(bias))
        return tensors

    def from_torch(self, tensors):
        values = {}
        bidirectional = "weight_ih_reverse" in tensors
        for direction, suffix in zip(DIRECTIONS if bidirectional else ("",), ("", "_reverse")):
            # An order of gates that exchanges two is its own inverse.
            values[direction + "kernel"] = self._reorder(tensors["weight_ih" + suffix].T)
            values[direction + "recurrent_kernel"] = self._reorder(tensors["weight_hh" + suffix].T)
            if "bias_ih" + suffix in tensors:
                biases = np.stack([tensors["bias_ih" + suffix], tensors["bias_hh" + suffix]])
                values[direction + "bias"] = self._reorder(biases if self._two_biases else biases[0] + biases[1])
        return values

    @staticmethod
    def _directions(names):
        return DIRECTIONS if any(name.startswith(DIRECTIONS[1]) for name in names) else ("",)

    def _reorder(self, value):
        gates = np.split(value, len(self._order), axis=-1)
        return np.concatenate([gates[place] for place in self._order], axis=-1)


KINDS = {
    "dense": Plain("dense", weight="kernel", transposed=True),
    "embedding": Plain("embedding", weight="embeddings", transposed=False),
    "lstm": Recurrent("lstm", order=(0, 1, 2, 3)),  # i f c o in both
    "gru": Recurrent("gru", order=(1, 0, 2), two_biases=True),  # Keras z r h, PyTorch r z n
    "simple_rnn": Recurrent("simple_rnn", order=(0,)),
}
