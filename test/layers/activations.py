"""Activations: each a function of one tensor, also by a dense layer's `activation`."""

import functools

from gradient_steps import Case, activation_steps
from layer_family import Layer, jax, jnp, layer_comparison, normal, wide


def relu(x):
    return jax.nn.relu(x)


def tanh(x):
    return jnp.tanh(x)


def sigmoid(x):
    return jax.nn.sigmoid(x)


def silu(x):
    return jax.nn.silu(x)


def softmax(x):
    return jax.nn.softmax(x, axis=-1)


def gelu(x, approximate=False):
    return jax.nn.gelu(x, approximate=approximate)


ACTIVATIONS = {f.__name__: f for f in (relu, tanh, sigmoid, silu, softmax, gelu)}
APPROXIMATE = functools.partial(gelu, approximate=True)


def gradient_cases():
    for op in ACTIVATIONS:
        yield Case(f"nn.{op}", activation_steps(op, least=2 if op == "softmax" else 1))
    yield Case("nn.gelu-approximate", activation_steps("gelu", " {approximate}"))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        for name, f in ACTIVATIONS.items():
            yield layer_comparison(name, {"x": (shape, normal)}, f"%y = nn.{name} %x", shape, lambda v, f=f: f(v["x"]))
        yield layer_comparison("gelu, approximate", {"x": (shape, normal)}, "%y = nn.gelu %x {approximate}", shape,
                               lambda v: APPROXIMATE(v["x"]))
    # JAX's own derivative of a sigmoid, y (1 - y), loses its digits where y is near 1; that of this form does not.
    stable = {"sigmoid": lambda x: jnp.exp(-jnp.logaddexp(0.0, -x)), "silu": silu}
    for name, f in stable.items():
        yield layer_comparison(f"{name}, saturated", {"x": ((9,), wide)}, f"%y = nn.{name} %x", (9,),
                               lambda v, f=f: f(v["x"]))


def draw(random, value, others):
    if value.element != "f32" or not value.shape:
        return None
    name = random.choice([*ACTIVATIONS, "gelu {approximate}"])
    op, _, attributes = name.partition(" ")
    function = APPROXIMATE if attributes else ACTIVATIONS[op]
    return Layer(f"nn.{op} {value.name} {attributes}".rstrip(), [value], value.shape, lambda p, layer, x: function(x))


DRAWS = [draw]
