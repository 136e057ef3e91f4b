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


# How values are drawn: (generator, shape with the batch) -> values


def normal(random, shape):
    return 2 * random.standard_normal(shape)


def wide(random, shape):
    """Where exp overflows."""
    return 200 * random.standard_normal(shape)


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

    @property
    def op(self):
        return self.line.split()[0].removeprefix("nn.")


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
REAL = Target("f32", lambda shape: shape, lambda y: np.tanh(y).astype(np.float32))


@dataclasses.dataclass
class Loss:
    """A loss as a step's line on %y and %target. `activation` names what makes the predictions that the formula takes;
    `formula(y, target)` is of the values before it. `least`: how many features it needs."""

    line: str
    target: Target
    formula: typing.Callable
    activation: str = ""
    least: int = 1


@dataclasses.dataclass
class Regularizer:
    """The attribute's text, and what it adds to the loss for a parameter."""

    text: str
    formula: typing.Callable
