"""Random well-formed models with a training step, and the same in JAX, composed of the families' formulas.

    network = RandomNetwork(seed)
    network.text(), network.batch      # the model file
    network.data                       # a batch for every input of the step
    network.loss(parameters, data)     # in JAX
    network.optimizer                  # one of jax_reference's

Models are up to 12 layers deep, drawn from every family in test/layers/; sizes are small and odd. A step calls one model,
one model twice (on two inputs, so that its weights are shared), or a second model on the first one's result, and adds the
losses of all results.
"""

import math

import jax_reference
import numpy as np
from gradient_steps import batched
from layer_families import draws, table
from layer_family import Value

MOST_DEPTH = 12
# Of a sample of any value.
MOST_ELEMENTS = 200
OPTIMIZERS = {
    "#nn.sgd<lr = 0.05>": jax_reference.sgd(0.05),
    "#nn.adam<lr = 0.001>": jax_reference.adam(0.001),
}


def typed(shape, element, float_element):
    """The type of a batch; floats are of `float_element`."""
    return batched(shape, float_element if element == "f32" else element)


class RandomModel:
    """A chain of layers, of which some take an earlier value too."""

    def __init__(self, random, name, given):
        self.name, self.given, self.lines = name, given, []
        depth = int(random.integers(1, MOST_DEPTH + 1))
        values, counts = [given], {}
        while len(self.lines) < depth:
            layer = random.choice(draws())(random, values[-1], values[:-1])
            if layer is None or math.prod(layer.shape) > MOST_ELEMENTS:
                continue
            # Something to train there must be, and not too little of it.
            trains = any(one.keras for _, _, one in self.lines)
            if not layer.keras and random.random() < (0.5 if trains or len(self.lines) + 1 < depth else 1.0):
                continue
            count = counts[layer.op] = counts.get(layer.op, -1) + 1
            values.append(Value(f"%v{len(self.lines)}", layer.shape))
            self.lines.append((values[-1], f"{name}.{layer.op}" + (f"_{count}" if count else ""), layer))
        self.result = values[-1]

    def text(self, element):
        body = ""
        for value, _, layer in self.lines:
            if layer.makes_f32 and element == "f64":
                types = f"{batched(value.shape)} to {batched(value.shape, element)}"
                body += f"  {value.name}.f32 = {layer.line}\n  {value.name} = arith.extf {value.name}.f32 : {types}\n"
            else:
                body += f"  {value.name} = {layer.line}\n"
        given = f"{self.given.name}: {typed(self.given.shape, self.given.element, element)}"
        result = batched(self.result.shape, element)
        return f"nn.model @{self.name}({given}) -> {result} {{\n{body}  nn.return {self.result.name}\n}}\n"

    def evaluate(self, parameters, x):
        values = {self.given.name: x}
        for value, name, layer in self.lines:
            values[value.name] = layer.formula(parameters, name, *(values[read.name] for read in layer.inputs))
        return values[self.result.name]

    def penalty(self, parameters):
        return sum(layer.penalty(parameters, name) for _, name, layer in self.lines if layer.penalty)


class RandomNetwork:
    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.batch = int(random.integers(1, 8))
        self.valid = int(random.integers(1, self.batch + 1))
        size = lambda: int(random.choice([1, 2, 3, 5, 7, 9]))  # noqa: E731
        kinds = [Value("%x", (size(),)), Value("%x", (size(), size())), Value("%x", (size(),), "i32", size())]
        first = RandomModel(random, "first", kinds[random.integers(len(kinds))])
        self.models = [first]
        # Of each call: the model, its operand and its result. Operands are inputs or earlier results.
        self.calls = [(first, "x", "y")]
        form = random.choice(["one model", "shared weights", "two models"])
        if form == "shared weights":
            self.calls.append((first, "u", "z"))
        if form == "two models":
            self.models.append(RandomModel(random, "second", Value("%x", first.result.shape)))
            self.calls.append((self.models[1], "y", "z"))
        fitting = lambda shape: [loss for loss in table("LOSSES").values() if shape[-1] >= loss.least]  # noqa: E731
        self.losses = [random.choice(fitting(model.result.shape)) for model, _, _ in self.calls]
        self.optimizer_text = random.choice([*OPTIMIZERS])
        self.optimizer = OPTIMIZERS[self.optimizer_text]
        self.data = self._draw_data(random)

    def _draw_data(self, random):
        """Inputs, and the target of each result."""
        data = {}
        for (model, operand, result), loss in zip(self.calls, self.losses):
            if operand not in ("y", "z"):
                shape = (self.batch, *model.given.shape)
                data[operand] = (random.integers(0, model.given.bound, shape).astype(np.int32)
                                 if model.given.element == "i32" else random.standard_normal(shape).astype(np.float32))
            data[f"target_{result}"] = loss.target.teach(random.standard_normal((self.batch, *model.result.shape)))
        return data

    def text(self, element="f32"):
        """The model file, its floats of type `element`."""
        arguments, lines = [], []
        for (model, operand, result), loss in zip(self.calls, self.losses):
            if operand in self.data:
                arguments.append(f"%{operand}: {typed(model.given.shape, model.given.element, element)}")
            target = loss.target
            arguments.append(f"%target_{result}: {typed(target.shape(model.result.shape), target.element, element)}")
            lines.append(f"%{result} = nn.call @{model.name}(%{operand}) : {batched(model.result.shape, element)}")
            predictions = f"%{result}"
            if loss.activation:
                predictions = f"%p_{result}"
                lines.append(f"{predictions} = nn.{loss.activation} %{result}")
            line = loss.line.replace("%target", f"%target_{result}").replace("%y", predictions)
            lines.append(f"%{'loss' if len(self.calls) == 1 else f'loss_{result}'} = {line}")
        if len(self.calls) > 1:
            lines.append(f"%loss = nn.add {', '.join(f'%loss_{result}' for _, _, result in self.calls)}")
        trained = ", ".join(f"@{model.name}" for model in self.models)
        lines.append(f"nn.minimize %loss over [{trained}] with {self.optimizer_text}")
        models = "".join(model.text(element) for model in self.models)
        return f"{models}nn.step @fit({', '.join(arguments)}) {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"

    def loss(self, parameters, data, random=None):
        """The step's loss, in JAX, on the samples that `data` has; in training, with the numbers of philox.Random."""
        parameters = dict(parameters, random=random)
        values, total = dict(data), sum(model.penalty(parameters) for model in self.models)
        for (model, operand, result), loss in zip(self.calls, self.losses):
            values[result] = model.evaluate(parameters, values[operand])
            total += loss.formula(values[result], values[f"target_{result}"])
        return total
