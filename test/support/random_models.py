"""Random well-formed models with a training step, and the same in JAX, composed of the families' formulas.

    network = RandomNetwork(draw_plan(seed))
    network.text(), network.plan.batch, network.plan.valid   # the model file
    network.draw_data(random)               # a batch for every input of the step
    network.loss(parameters, data)          # in JAX
    network.optimizer                       # one of jax_reference's

Models are up to 12 layers deep, drawn from every family in test/layers/; sizes are small and odd. A step calls one model,
one model twice (on two inputs, so that its weights are shared), or a second model on the first one's result, and adds the
losses of all results, one or two of each. What was chosen is a Plan, of which smaller ones can be made
(reduce_model.py).
"""

import dataclasses
import math

import numpy as np
from gradient_steps import batched
from layer_families import draws, table
from layer_family import Value, jnp
from random_optimizers import draw_optimizer

MOST_DEPTH = 12
# Of a sample of any value.
MOST_ELEMENTS = 200


class Choices:
    """Random choices, none farther than `cap` from the first that there is."""

    def __init__(self, seed, cap=None):
        self._random, self._cap = np.random.default_rng(seed), cap

    def integers(self, low, high=None):
        low, high = (0, low) if high is None else (low, high)
        drawn = int(self._random.integers(low, high))
        return drawn if self._cap is None else min(drawn, low + self._cap)

    def choice(self, items):
        return items[self.integers(len(items))]

    def random(self):
        return self._random.random()


@dataclasses.dataclass(frozen=True)
class Pick:
    """One layer: which of draws() draws it, and from what choices."""

    draw: int
    seed: int
    cap: int = None


@dataclasses.dataclass(frozen=True)
class Plan:
    seed: int
    batch: int
    valid: int
    # "vector" [width], "sequence" [time, width], or "tokens" [time] below `width`.
    given: str
    time: int
    width: int
    # "", or what the mask of recurrent layers is made of: "tokens" or "lengths".
    mask: str
    # "one model", "shared weights" or "two models".
    form: str
    # The layers of each model.
    models: tuple
    # Of each call: the losses of its result.
    losses: tuple
    optimizer: Pick


def typed(shape, element, float_element):
    """The type of a batch; floats are of `float_element`."""
    return batched(shape, float_element if element == "f32" else element)


class RandomModel:
    """A chain of layers, of which some take an earlier value too."""

    def __init__(self, name, given, mask="", picks=()):
        self.name, self.given, self.lines = name, given, []
        self._values, self._counts = [given], {}
        # What recurrent layers may read: the mask, the line that makes it, and of which input.
        self.mask, self.mask_line, self.steps = None, "", None
        if mask and len(given.shape) == (1 if given.element == "i32" else 2):
            self.mask = Value("%mask", given.shape[:1], "mask")
            if mask == "tokens":
                self.steps = given if given.element == "i32" else Value("%steps", given.shape[:1], "i32", 3)
                self.mask_line = f"nn.padding_mask {self.steps.name}"
            else:
                self.steps = Value("%steps", (), "i32", given.shape[0] + 2)
                self.mask_line = f"nn.sequence_mask %steps {{maxlen = {given.shape[0]}}}"
        for pick in picks:
            self.append(pick)

    @property
    def inputs(self):
        """The model's: what is given, and what its mask is made of where that is not the same."""
        return [self.given] if self.steps in (None, self.given) else [self.given, self.steps]

    @property
    def result(self):
        return self._values[-1]

    @property
    def trains(self):
        return any(layer.keras for _, _, layer in self.lines)

    def draw(self, pick):
        """The layer that a pick gives at the end, or None."""
        masks = [self.mask] if self.mask else []
        layer = draws()[pick.draw](Choices(pick.seed, pick.cap), self.result, [*self._values[:-1], *masks])
        return None if layer is None or math.prod(layer.shape) > MOST_ELEMENTS else layer

    def append(self, pick):
        """A pick that gives no layer here leaves the model as it is."""
        layer = self.draw(pick)
        if layer is None:
            return
        count = self._counts[layer.op] = self._counts.get(layer.op, -1) + 1
        name = f"{self.name}.{layer.op}" + (f"_{count}" if count else "")
        self._values.append(Value(f"%v{len(self.lines)}", layer.shape))
        self.lines.append((self.result, name, layer))

    def text(self, element):
        body = f"  %mask = {self.mask_line}\n" if self.mask else ""
        for value, _, layer in self.lines:
            if layer.makes_f32 and element == "f64":
                types = f"{batched(value.shape)} to {batched(value.shape, element)}"
                body += f"  {value.name}.f32 = {layer.line}\n  {value.name} = arith.extf {value.name}.f32 : {types}\n"
            else:
                body += f"  {value.name} = {layer.line}\n"
        given = ", ".join(f"{value.name}: {typed(value.shape, value.element, element)}" for value in self.inputs)
        result = batched(self.result.shape, element)
        return f"nn.model @{self.name}({given}) -> {result} {{\n{body}  nn.return {self.result.name}\n}}\n"

    def evaluate(self, parameters, inputs, factors, call):
        """The result, in JAX, the value of each layer times its factor in this call."""
        values = {value.name: array for value, array in zip(self.inputs, inputs)}
        if self.mask:
            steps = values[self.steps.name]
            values["%mask"] = jnp.arange(self.mask.shape[0]) < steps[:, None] if steps.ndim == 1 else steps != 0
        for value, name, layer in self.lines:
            computed = layer.formula(parameters, name, *(values[read.name] for read in layer.inputs))
            values[value.name] = computed * factors[call + value.name]
        return values[self.result.name]

    def penalty(self, parameters):
        return sum(layer.penalty(parameters, name) for _, name, layer in self.lines if layer.penalty)


def make_given(plan):
    return {"vector": Value("%x", (plan.width,)), "sequence": Value("%x", (plan.time, plan.width)),
            "tokens": Value("%x", (plan.time,), "i32", plan.width)}[plan.given]


def draw_picks(random, model):
    """Appends random layers to a model without any, and returns their picks."""
    depth, picks = random.integers(1, MOST_DEPTH + 1), []
    while len(picks) < depth:
        pick = Pick(random.integers(len(draws())), random.integers(2**32))
        layer = model.draw(pick)
        # Something to train there must be, and not too little of it.
        skips = 0.5 if model.trains or len(picks) + 1 < depth else 1.0
        if layer is None or (not layer.keras and random.random() < skips):
            continue
        model.append(pick)
        picks.append(pick)
    return tuple(picks)


def draw_losses(random, shape):
    fitting = [name for name, loss in table("LOSSES").items() if shape[-1] >= loss.least]
    return tuple(random.choice(fitting) for _ in range(random.choice([1, 1, 2])))


def draw_plan(seed):
    random = Choices(seed)
    batch, sizes = random.integers(1, 8), [1, 2, 3, 5, 7, 9]
    plan = Plan(seed, batch, random.integers(1, batch + 1), random.choice(["vector", "sequence", "tokens"]),
                random.choice(sizes), random.choice(sizes), random.choice(["", "tokens", "lengths"]),
                random.choice(["one model", "shared weights", "two models"]), (), (), Pick(0, random.integers(2**32)))
    first = RandomModel("first", make_given(plan), plan.mask)
    models, losses = [draw_picks(random, first)], [draw_losses(random, first.result.shape)]
    if plan.form == "shared weights":
        losses.append(draw_losses(random, first.result.shape))
    if plan.form == "two models":
        second = RandomModel("second", Value("%x", first.result.shape), plan.mask)
        models.append(draw_picks(random, second))
        losses.append(draw_losses(random, second.result.shape))
    return dataclasses.replace(plan, models=tuple(models), losses=tuple(losses))


class RandomNetwork:
    """What a plan describes. ValueError where a loss has too few classes for it, or there is nothing to train."""

    def __init__(self, plan):
        self.plan = plan
        first = RandomModel("first", make_given(plan), plan.mask, plan.models[0])
        self.models = [first]
        # Of each call: the model, the first operand, the other one or "", and the result.
        self.calls = [self._call(first, "x", "y")]
        if plan.form == "shared weights":
            self.calls.append(self._call(first, "u", "z"))
        if plan.form == "two models":
            self.models.append(RandomModel("second", Value("%x", first.result.shape), plan.mask, plan.models[1]))
            self.calls.append(self._call(self.models[1], "y", "z"))
        self.losses = [[table("LOSSES")[name] for name in names] for names in plan.losses]
        if not any(model.trains for model in self.models):
            raise ValueError("nothing to train")
        for (model, _, _), losses in zip(self.calls, self.losses):
            if model.result.shape[-1] < max(loss.least for loss in losses):
                raise ValueError("too few classes")
        self.optimizer_text, self.optimizer = draw_optimizer(Choices(plan.optimizer.seed, plan.optimizer.cap))
        self._inputs = [operand for _, operands, _ in self.calls for operand in operands if operand not in ("y", "z")]

    @staticmethod
    def _call(model, operand, result):
        """The model, the names of its operands, and that of its result."""
        return model, [operand, f"{operand}_steps"][: len(model.inputs)], result

    def _targets(self):
        """Of every loss: the call, the loss, its target's name, its own."""
        for (model, _, result), losses in zip(self.calls, self.losses):
            for index, loss in enumerate(losses):
                yield model, result, loss, f"target_{result}{index}", f"loss_{result}{index}"

    def draw_data(self, random):
        """Inputs, and the target of each loss."""
        data = {}
        for model, operands, _ in self.calls:
            for operand, value in zip(operands, model.inputs):
                shape = (self.plan.batch, *value.shape)
                if operand in self._inputs:
                    data[operand] = (random.integers(0, value.bound, shape).astype(np.int32) if value.element == "i32"
                                     else random.standard_normal(shape).astype(np.float32))
        for model, _, loss, target, _ in self._targets():
            data[target] = loss.target.teach(random.standard_normal((self.plan.batch, *model.result.shape)))
        return data

    def text(self, element="f32"):
        """The model file, its floats of type `element`."""
        arguments, lines = [], []
        for model, operands, result in self.calls:
            arguments += [f"%{operand}: {typed(value.shape, value.element, element)}"
                          for operand, value in zip(operands, model.inputs) if operand in self._inputs]
            given = ", ".join(f"%{operand}" for operand in operands)
            lines.append(f"%{result} = nn.call @{model.name}({given}) : {batched(model.result.shape, element)}")
        names = []
        for model, result, loss, target, name in self._targets():
            shape = loss.target.shape(model.result.shape)
            arguments.append(f"%{target}: {typed(shape, loss.target.element, element)}")
            predictions = f"%{result}"
            if loss.activation:
                predictions = f"%p_{name}"
                lines.append(f"{predictions} = nn.{loss.activation} %{result}")
            lines.append(f"%{name} = {loss.line.replace('%target', f'%{target}').replace('%y', predictions)}")
            names.append(f"%{name}")
        total = names[0]
        if len(names) > 1:
            total = "%loss"
            lines.append(f"%loss = nn.add {', '.join(names)}")
        trained = ", ".join(f"@{model.name}" for model in self.models)
        lines.append(f"nn.minimize {total} over [{trained}] with {self.optimizer_text}")
        models = "".join(model.text(element) for model in self.models)
        return f"{models}nn.step @fit({', '.join(arguments)}) {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"

    def value_shapes(self):
        """Of the value of each layer in each call, by the name of the call's result and its own, and of the probabilities that
        a loss takes, by the loss's name: the shape of a sample."""
        layers = {result + value.name: value.shape for model, _, result in self.calls for value, _, _ in model.lines}
        return layers | {name: model.result.shape for model, _, loss, _, name in self._targets() if loss.probabilities}

    def loss(self, parameters, data, factors, random=None):
        """The step's loss and the first result, in JAX, on the samples that `data` has, each value that value_shapes() names
        times its factor; in training, with the numbers of philox.Random."""
        parameters = dict(parameters, random=random)
        values, total = dict(data), sum(model.penalty(parameters) for model in self.models)
        for model, operands, result in self.calls:
            values[result] = model.evaluate(parameters, [values[operand] for operand in operands], factors, result)
        for _, result, loss, target, name in self._targets():
            total += loss.evaluate(values[result], values[target], factors.get(name, 1))
        return total, values["y"]
