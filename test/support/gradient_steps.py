"""Gradient checks as training steps: a model around a layer or a loss, in several shapes (the batch among them).

A family's file in test/layers/ makes its cases of these; test/gradient/check.py checks them."""

import dataclasses


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
    """The type of a batch of samples of `shape`."""
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


def activation_steps(op, attributes="", least=1):
    """The activation of a dense layer's result, and of a tensor of rank 3; at the end of values whose exponentials are
    tiny, or too large for any float."""
    for batch, n, units in SIZES:
        units = max(units, least)
        yield Step(batch, [("x", (2, n), "f32")], f"""%h = nn.dense %x {{units = {units}}}
  %y = nn.{op} %h{attributes}""", (2, units))
    for bias in [(-1000.0, -999.0), (-1000.0, 800.0, 20.0, -20.0, 0.5)]:
        yield Step(1, [("x", (2, 1), "f32")], f"""%h = nn.dense %x {{units = {len(bias)}}}
  %y = nn.{op} %h{attributes}""", (2, len(bias)), values=at_bias(bias, [[[1.0], [0.25]]]))


def activation_cases(forms):
    """A case for each of `forms`, "op" or "op {attributes}"."""
    for form in forms:
        op, _, attributes = form.partition(" ")
        name = f"nn.{op}" + "".join(f"-{word}" for word in attributes.strip("{}").split(" = ") if word)
        yield Case(name, activation_steps(op, f" {attributes}" if attributes else "", least=2 if op == "softmax" else 1))


def steps_on_dense(make):
    """A layer without parameters on a dense layer's result of shape [batch, 2, units]: `make(units)` gives the line that
    makes %y of %h, and the shape of a sample of %y."""
    for batch, n, units in SIZES:
        line, result = make(units)
        yield Step(batch, [("x", (2, n), "f32")], f"""%h = nn.dense %x {{units = {units}}}
  {line}""", result)


def steps_on_two_branches(make):
    """The same of two dense layers' results, %a and %b."""
    for batch, n, units in SIZES:
        line, result = make(units)
        yield Step(batch, [("x", (2, n), "f32")], f"""%a = nn.dense %x {{units = {units}}}
  %b = nn.dense %x {{units = {units}, activation = tanh}}
  {line}""", result)


def loss_steps(line, target, final="", biases=(), equal=False):
    """A loss on a dense layer's result; `target` gives element and shape for a number of classes; `biases` give
    results, before the final activation, near which it must be right too; `equal` asks for predictions that are their
    targets."""
    for batch, n, units in [(1, 1, 2), (1, 4, 3), (3, 1, 5), (3, 5, 2), (3, 7, 4), (4, 2, 9)]:
        element, shape = target(units)
        yield Step(batch, [("x", (n,), "f32")], f"%y = nn.dense %x {{units = {units}{final}}}", (units,), line, element,
                   shape)
    for bias in biases:
        element, shape = target(len(bias))
        values = at_bias(bias, [[1.0]]) | ({"target": [0]} if element == "i32" else {})
        yield Step(1, [("x", (1,), "f32")], f"%y = nn.dense %x {{units = {len(bias)}{final}}}", (len(bias),), line,
                   element, shape, values=values)
    if equal:
        values = at_bias((0.5, -0.5, 0.0), [[1.0]]) | {"target": [[1.5, 0.5, 0.25]]}
        yield Step(1, [("x", (1,), "f32")], "%y = nn.dense %x {units = 3}", (3,), line, values=values)
