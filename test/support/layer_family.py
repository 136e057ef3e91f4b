"""What a family's file in test/layers/ is made of, besides cases for the finite differences (gradient_steps.py,
gradient_functions.py). See test/layers/README.md for what a family may define, and who reads it."""

import dataclasses
import importlib
import typing

import numpy as np


class Lazy:
    """A module, imported when it is first asked for something: finite differences do without JAX."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, attribute):
        return getattr(importlib.import_module(self._name), attribute)


jax, jnp = Lazy("jax"), Lazy("jax.numpy")


def magnitude(x):
    """|x|, whose derivative at 0 is 0, as in TensorFlow and PyTorch; that of jnp.abs is 1."""
    return x * jnp.sign(jax.lax.stop_gradient(x))


# How values are drawn: (generator, shape with the batch) -> values


def normal(random, shape):
    return 2 * random.standard_normal(shape)


def wide(random, shape):
    """Where exp overflows."""
    return 200 * random.standard_normal(shape)


def tied(random, shape):
    """Many equal values."""
    return random.integers(-2, 3, shape).astype(np.float64)


def zero_or_one(random, shape):
    return random.integers(0, 2, shape).astype(np.float64)


def positive(random, shape):
    return random.uniform(0.05, 1.0, shape)


def distribution(random, shape):
    values = positive(random, shape)
    return values / values.sum(axis=-1, keepdims=True)


def classes(count):
    return lambda random, shape: random.integers(0, count, shape)


@dataclasses.dataclass
class Comparison:
    """Something without parameters beside JAX: values and gradients. `inputs`: {name: (shape of a sample, how it is
    drawn)}; `body`: the lines that make %value, a scalar, of %name of each input; `expected`: the same in JAX, of a
    dictionary of arrays."""

    name: str
    inputs: dict
    body: str
    expected: typing.Callable
    # Whether %value is a metric, which has no gradient.
    is_metric: bool = False


SQUARED = "%value = nn.mean_squared_error %y, %t"


def layer_comparison(name, inputs, body, result, formula):
    """A layer that makes %y, a sample of which has the shape `result`; `formula` takes the dictionary of inputs."""
    return Comparison(name, {**inputs, "t": (result, normal)}, f"{body}\n  {SQUARED}",
                      lambda v: jnp.mean((formula(v) - v["t"]) ** 2))


@dataclasses.dataclass
class Value:
    """A tensor in a model: its name, the shape of a sample, the element type; of integers how many there are."""

    name: str
    shape: tuple
    element: str = "f32"
    bound: int = 0


@dataclasses.dataclass
class Layer:
    """One line of a model: its text without the result, what it reads, the shape of a sample of its result, and its
    formula in JAX, which takes the parameters by dotted name, the layer's dotted name, and the inputs' arrays.
    `penalty` is what its regularisers add to the loss; `keras(keras)` builds the same layer in Keras."""

    line: str
    inputs: list
    shape: tuple
    formula: typing.Callable
    penalty: typing.Callable = None
    keras: typing.Callable = None
    # Whether the result is of f32 whatever the model's other floats are.
    makes_f32: bool = False

    @property
    def op(self):
        return self.line.split()[0].removeprefix("nn.")


def activation_comparisons(forms):
    """`forms`: "op" or "op {attributes}" -> the formula."""
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        for form, formula in forms.items():
            op, _, attributes = form.partition(" ")
            yield layer_comparison(form, {"x": (shape, normal)}, f"%y = nn.{op} %x {attributes}", shape,
                                   lambda v, formula=formula: formula(v["x"]))


def draw_activation(forms):
    def draw(random, value, others):
        if value.element != "f32":
            return None
        form = random.choice([*forms])
        op, _, attributes = form.partition(" ")
        return Layer(f"nn.{op} {value.name} {attributes}".rstrip(), [value], value.shape, lambda p, layer, x: forms[form](x))

    return draw


@dataclasses.dataclass
class Target:
    """What a loss compares predictions of a shape with: the element type, the shape of a sample, and values that a
    teacher's predictions (with the batch) stand for."""

    element: str
    shape: typing.Callable
    teach: typing.Callable


def softmax(y):
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


LABEL = Target("i32", lambda shape: shape[:-1], lambda y: np.argmax(y, axis=-1).astype(np.int32))
DISTRIBUTION = Target("f32", lambda shape: shape, lambda y: softmax(y).astype(np.float32))
BINARY = Target("f32", lambda shape: shape, lambda y: (y > 0).astype(np.float32))
REAL = Target("f32", lambda shape: shape, lambda y: np.tanh(y).astype(np.float32))


@dataclasses.dataclass
class Loss:
    """A loss as a step's line on %y and %target. `activation` names what makes the predictions that the line takes.
    `formula(y, target)` is of the values before it, as nnc computes such losses too, or, where it does not, of `probabilities`
    of them. `least`: how many features it needs."""

    line: str
    target: Target
    formula: typing.Callable
    activation: str = ""
    least: int = 1
    probabilities: typing.Callable = None

    def evaluate(self, y, target, factors=1):
        """In JAX, of the values before the activation; of the probabilities, where there are any, times factors."""
        return self.formula(self.probabilities(y) * factors if self.probabilities else y, target)


@dataclasses.dataclass
class Regularizer:
    """The attribute's text, and what it adds to the loss for a parameter."""

    text: str
    formula: typing.Callable
