"""Activations: each a function of one tensor, also by a dense layer's `activation`."""

import functools

from gradient_steps import activation_cases
from layer_family import activation_comparisons, draw_activation, jax, jnp, layer_comparison, wide


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


def hard_sigmoid(x):
    return jnp.clip(x + 3, 0, 6) / 6


def gelu(x, approximate=False):
    return jax.nn.gelu(x, approximate=approximate)


ACTIVATIONS = {f.__name__: f for f in (relu, tanh, sigmoid, silu, softmax, hard_sigmoid, gelu)}
FORMS = ACTIVATIONS | {"gelu {approximate}": functools.partial(gelu, approximate=True)}


def gradient_cases():
    return activation_cases(FORMS)


def jax_cases():
    yield from activation_comparisons(FORMS)
    # JAX's own derivative of a sigmoid, y (1 - y), loses its digits where y is near 1; that of this form does not.
    stable = {"sigmoid": lambda x: jnp.exp(-jnp.logaddexp(0.0, -x)), "silu": silu}
    for name, f in stable.items():
        yield layer_comparison(f"{name}, saturated", {"x": ((9,), wide)}, f"%y = nn.{name} %x", (9,),
                               lambda v, f=f: f(v["x"]))


DRAWS = [draw_activation(FORMS)]
