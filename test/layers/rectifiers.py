"""Activations akin to relu."""

import functools

from gradient_steps import activation_cases
from layer_family import activation_comparisons, draw_activation, jnp


def leaky_relu(x, negative_slope=0.3):
    return jnp.where(x >= 0, x, negative_slope * x)


def elu(x, alpha=1.0):
    return jnp.where(x > 0, x, alpha * jnp.expm1(jnp.where(x > 0, 0, x)))


def selu(x):
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def softplus(x):
    return jnp.logaddexp(x, 0)


ACTIVATIONS = {f.__name__: f for f in (leaky_relu, elu, selu, softplus)}
FORMS = ACTIVATIONS | {
    "leaky_relu {negative_slope = 0.1}": functools.partial(leaky_relu, negative_slope=0.1),
    "elu {alpha = 0.5}": functools.partial(elu, alpha=0.5),
}


def gradient_cases():
    return activation_cases(FORMS)


def jax_cases():
    return activation_comparisons(FORMS)


DRAWS = [draw_activation(FORMS)]
