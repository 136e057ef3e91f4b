"""Layers, activations, losses and regularisers of the nn dialect, each in at least five shapes: models with a step."""

import dataclasses

from functions import Case as FunctionCase
from functions import Function, Input, tensor


@dataclasses.dataclass
class Step:
    """One shape: data inputs (name, shape without the batch, element), the model's body, which returns `%y`, the shape of
    a sample of it, and how the step makes `%loss` of `%y`."""

    batch: int
    inputs: list
    body: str
    result: tuple
    loss: str = "nn.mean_squared_error %y, %target"
    target: str = "f32"
    target_shape: tuple = None
    # Values of inputs and parameters, by the last part of their names, where a certain point matters.
    values: dict = dataclasses.field(default_factory=dict)
    # Whether to break the adjoint.
    mutants: bool = True

    def text(self, index):
        def typed(inputs):
            return ", ".join(f"%{n}: {batched(s, e)}" for n, s, e in inputs)

        target = self.result if self.target_shape is None else self.target_shape
        every = self.inputs + [("target", target, self.target)]
        names = ", ".join(f"%{n}" for n, _, _ in self.inputs)
        result = batched(self.result)
        return f"""
nn.model @m{index}({typed(self.inputs)}) -> {result} {{
  {self.body}
  nn.return %y
}}
nn.step @fit{index}({typed(every)}) {{
  %y = nn.call @m{index}({names}) : {result}
  %loss = {self.loss}
  nn.minimize %loss over [@m{index}] with #nn.sgd
}}
"""


def batched(shape, element="f32"):
    return f"tensor<?x{''.join(f'{size}x' for size in shape)}{element}>"


class Case:
    """One layer in several shapes: a program for each batch size."""

    fast = True

    def __init__(self, name, steps, first_parameter=None):
        self.name, self.steps = name, list(enumerate(steps))
        # The first element of each parameter of several, where a certain point matters.
        self.first_parameter = first_parameter
        self.shapes = len(self.steps)

    @property
    def programs(self):
        for batch in sorted({step.batch for _, step in self.steps}):
            text = "".join(step.text(index) for index, step in self.steps if step.batch == batch)
            yield text, {"batch": batch, "entries": "gradient"}

    def step(self, entry):
        return self.steps[int(entry.split(".")[0].removeprefix("fit"))]

    def draw(self, entry, name, shape, rng):
        return rng.uniform(-1.5, 1.5, shape)

    def fixed(self, entry, name):
        return self.step(entry)[1].values.get(name.split(".")[-1])

    def draw_parameter(self, entry, shape, rng):
        values = rng.uniform(-0.8, 0.8, shape)
        if self.first_parameter is not None and values.size > 1:
            values.flat[0] = self.first_parameter
        return values

    def has_mutants(self, entry):
        return self.step(entry)[1].mutants

    def settings(self, entry):
        """In every other shape of more than one sample, the last sample is padding."""
        index, step = self.step(entry)
        return {"valid": step.batch - (1 if step.batch > 1 and index % 2 == 1 else 0)}


# (batch, features in, features out)
SIZES = [(1, 1, 1), (1, 4, 3), (3, 1, 5), (3, 5, 1), (3, 7, 4), (4, 2, 9)]


def at_bias(bias, x):
    """Values of a dense layer of one input, so that its results are near `bias`, and exact in f32 where `bias` is."""
    return {"x": x, "kernel": [[0.5**unit for unit in range(len(bias))]], "bias": list(bias)}


def dense(attributes=""):
    for batch, n, units in SIZES:
        yield Step(batch, [("x", (n,), "f32")], f"%y = nn.dense %x {{units = {units}{attributes}}}", (units,))


def dense_in_time():
    for batch, n, units in SIZES:
        yield Step(batch, [("x", (3, n), "f32")], f"%y = nn.dense %x {{units = {units}, activation = tanh}}", (3, units))


def activation(op, attributes="", least=1):
    """The activation of a dense layer's result, and of a tensor of rank 3; at the end of values whose exponentials are
    tiny, or too large for any float."""
    for batch, n, units in SIZES:
        units = max(units, least)
        yield Step(batch, [("x", (2, n), "f32")], f"""%h = nn.dense %x {{units = {units}}}
  %y = nn.{op} %h{attributes}""", (2, units))
    for bias in [(-1000.0, -999.0), (-1000.0, 800.0, 20.0, -20.0, 0.5)]:
        yield Step(1, [("x", (2, 1), "f32")], f"""%h = nn.dense %x {{units = {len(bias)}}}
  %y = nn.{op} %h{attributes}""", (2, len(bias)), values=at_bias(bias, [[[1.0], [0.25]]]))


def layer_on_dense(make):
    """A layer without parameters on a dense layer's result of shape [batch, 2, units]."""
    for batch, n, units in SIZES:
        line, result = make(units)
        yield Step(batch, [("x", (2, n), "f32")], f"""%h = nn.dense %x {{units = {units}}}
  {line}""", result)


def two_branches(make):
    for batch, n, units in SIZES:
        line, result = make(units)
        yield Step(batch, [("x", (2, n), "f32")], f"""%a = nn.dense %x {{units = {units}}}
  %b = nn.dense %x {{units = {units}, activation = tanh}}
  {line}""", result)


def embedding():
    for batch, vocab, dim in [(1, 1, 1), (1, 7, 3), (3, 2, 5), (3, 9, 1), (4, 5, 4)]:
        yield Step(batch, [("x", (6,), "i32")], f"%y = nn.embedding %x {{vocab = {vocab}, dim = {dim}}}", (6, dim))


def lstm(sequences, attributes=""):
    for batch, time, features, units in [(1, 1, 1, 1), (1, 5, 3, 2), (3, 1, 4, 3), (3, 4, 1, 5), (5, 3, 2, 1), (4, 6, 3, 4)]:
        flag = ", return_sequences" if sequences else ""
        # A single step's gradient has no use for most of what the general form computes.
        yield Step(batch, [("x", (time, features), "f32")], f"%y = nn.lstm %x {{units = {units}{flag}{attributes}}}",
                   (time, units) if sequences else (units,), mutants=time > 1)


def loss(line, target, final="", biases=()):
    """A loss on a dense layer's result; `target` gives element and shape for a number of classes; `biases` give
    results, before the final activation, near which it must be right too."""
    for batch, n, units in [(1, 1, 2), (1, 4, 3), (3, 1, 5), (3, 5, 2), (3, 7, 4), (4, 2, 9)]:
        element, shape = target(units)
        yield Step(batch, [("x", (n,), "f32")], f"%y = nn.dense %x {{units = {units}{final}}}", (units,), line, element,
                   shape)
    for bias in biases:
        element, shape = target(len(bias))
        values = at_bias(bias, [[1.0]]) | ({"target": [0]} if element == "i32" else {})
        yield Step(1, [("x", (1,), "f32")], f"%y = nn.dense %x {{units = {len(bias)}{final}}}", (len(bias),), line,
                   element, shape, values=values)


def dropout():
    """As in training; the same numbers at every evaluation, since seed and step stay the same."""
    functions = []
    for shape in [(1, 1), (1, 8), (5, 1), (3, 7), (4, 2, 3)]:
        functions.append(Function([Input("x", shape)], f"""%seed = arith.constant dense<7> : tensor<i64>
    %step = arith.constant dense<3> : tensor<i64>
    %y = nn.dropout %x key(%seed, %step) {{rate = 0.4}}""", shape))
    return FunctionCase("nn.dropout", functions)


def all_cases():
    yield Case("nn.dense", dense())
    yield Case("nn.dense-no-bias", dense(", use_bias = false"))
    yield Case("nn.dense-regularized", dense(", kernel_regularizer = #nn.l2<0.3>, bias_regularizer = #nn.l1<0.2>"),
               first_parameter=0.0)
    yield Case("nn.dense-rank-3", dense_in_time())
    for op in ["relu", "tanh", "sigmoid", "silu", "gelu"]:
        yield Case(f"nn.{op}", activation(op))
    yield Case("nn.gelu-approximate", activation("gelu", " {approximate}"))
    yield Case("nn.softmax", activation("softmax", least=2))
    yield Case("nn.flatten", layer_on_dense(lambda n: ("%y = nn.flatten %h", (2 * n,))))
    yield Case("nn.reshape", layer_on_dense(lambda n: (f"%y = nn.reshape %h {{shape = [{n}, -1]}}", (n, 2))))
    yield Case("nn.add", two_branches(lambda n: ("%y = nn.add %a, %b, %a", (2, n))))
    yield Case("nn.concat", two_branches(lambda n: ("%y = nn.concat %a, %b", (2, 2 * n))))
    yield Case("nn.concat-axis", two_branches(lambda n: ("%y = nn.concat %a, %b {axis = 1}", (4, n))))
    yield Case("nn.embedding", embedding())
    yield Case("nn.lstm", lstm(sequences=False))
    yield Case("nn.lstm-sequences", lstm(sequences=True))
    yield Case("nn.lstm-no-bias", lstm(sequences=True, attributes=", use_bias = false"))
    yield dropout()
    yield Case("nn.mean_squared_error", loss("nn.mean_squared_error %y, %target", lambda n: ("f32", (n,))))
    yield Case("nn.mean_squared_error-half", loss("nn.mean_squared_error %y, %target {half_sum}",
                                                  lambda n: ("f32", (n,))))
    # The exponentials are all zero, or none of them is a number, if not for their maximum.
    extreme = [(-1000.0, -1000.0, -1000.0), (800.0, 800.0, 800.0)]
    # The first class has probability 1.1e-7, between the least that is not clipped and one less the greatest, as floats;
    # 2e-9; and 0.
    clipped = [(-17.716, -0.5), (-21.0, -0.5), (-800.0, 0.0)]
    integers, floats = lambda n: ("i32", ()), lambda n: ("f32", (n,))  # noqa: E731
    yield Case("nn.sparse_categorical_crossentropy",
               loss("nn.sparse_categorical_crossentropy %y, %target {from_logits}", integers, biases=extreme))
    yield Case("nn.sparse_categorical_crossentropy-softmax",
               loss("nn.sparse_categorical_crossentropy %y, %target", integers, ", activation = softmax", extreme))
    yield Case("nn.sparse_categorical_crossentropy-probabilities",
               loss("nn.sparse_categorical_crossentropy %y, %target", integers, ", activation = sigmoid", clipped))
    yield Case("nn.categorical_crossentropy",
               loss("nn.categorical_crossentropy %y, %target {from_logits}", floats, biases=extreme))
    yield Case("nn.categorical_crossentropy-probabilities",
               loss("nn.categorical_crossentropy %y, %target", floats, ", activation = sigmoid", clipped))
