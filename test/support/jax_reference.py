"""The layers, losses, regularisers, optimisers and schedules of nnc in plain JAX: Keras' formulas written down a second
time, to compare trajectories, values and gradients with. Optimisers and schedules are here; the others each in their
family's file in test/layers/, and found by name (jax_reference.dense).

A model is a function of (parameters, batch); parameters are a dictionary by nnc's dotted names, so the initial weights
of a compiled program serve as they are:

    def loss(p, batch):
        h = dense(p, "classifier.dense", batch["image"], relu)
        return sparse_categorical_crossentropy(dense(p, "classifier.dense_1", h), batch["label"], from_logits=True)

    losses, parameters = train(loss, initial, batches, adam())
"""

import math
from typing import Callable, NamedTuple

import jax
import jax.numpy as jnp

import layer_families


def __getattr__(name):
    """A layer's, loss's or regulariser's formula."""
    return layer_families.formula(name)


# Optimisers. A learning rate is a number, or a schedule: a function of how many updates there were before this one.


class Optimizer(NamedTuple):
    starts: tuple  # what each slot holds at first
    update: Callable  # (parameter, gradient, slots, step, 1 in the first) -> (parameter, slots)
    clip: Callable = lambda gradients: gradients  # {parameter: gradient} -> the same, clipped


def rate(lr, step):
    return lr(step - 1) if callable(lr) else lr


def sgd(lr=0.01, momentum=0.0, nesterov=False):
    def update(w, g, slots, step):
        change = rate(lr, step) * g
        if momentum == 0.0:
            return w - change, slots
        m = momentum * slots[0] - change
        return w + (momentum * m - change if nesterov else m), (m,)

    return Optimizer((0.0,) if momentum else (), update)


def one_minus_power(beta, step):
    """1 - beta**step. In f32 the plain form is off by 3e-5 at step 1 for beta = 0.999, which 50 steps amplify."""
    return -jnp.expm1(step * math.log(beta))


def adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0):
    def update(w, g, slots, step):
        m, v = slots
        w = w - w * (weight_decay * rate(lr, step))
        m = m + (g - m) * (1 - beta_1)
        v = v + (g * g - v) * (1 - beta_2)
        alpha = rate(lr, step) * jnp.sqrt(one_minus_power(beta_2, step)) / one_minus_power(beta_1, step)
        return w - m * alpha / (jnp.sqrt(v) + epsilon), (m, v)

    return Optimizer((0.0, 0.0), update)


def adamw(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.004):
    return adam(lr, beta_1, beta_2, epsilon, weight_decay)


def rmsprop(lr=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
    def update(w, g, slots, step):
        squares, m, average = slots
        squares = rho * squares + (1 - rho) * g * g
        average = rho * average + (1 - rho) * g
        variance = squares - average**2 if centered else squares
        m = momentum * m + rate(lr, step) * g / jnp.sqrt(variance + epsilon)
        return w - m, (squares, m, average)

    return Optimizer((0.0, 0.0, 0.0), update)


def adagrad(lr=0.001, initial_accumulator_value=0.1, epsilon=1e-7):
    def update(w, g, slots, step):
        total = slots[0] + g * g
        return w - rate(lr, step) * g / jnp.sqrt(total + epsilon), (total,)

    return Optimizer((initial_accumulator_value,), update)


def clipped(optimizer, value=None, norm=None, global_norm=None):
    """The same with its gradients clipped, in one of the three ways."""

    def clip(gradients):
        if value is not None:
            return {name: jnp.clip(g, -value, value) for name, g in gradients.items()}
        squares = {name: jnp.sum(g * g) for name, g in gradients.items()}
        if norm is not None:
            return {name: g * norm / jnp.maximum(jnp.sqrt(squares[name]), norm) for name, g in gradients.items()}
        total = jnp.sqrt(sum(squares.values()))
        return {name: g * global_norm / jnp.maximum(total, global_norm) for name, g in gradients.items()}

    return optimizer._replace(clip=clip)


# Schedules


def exponential_decay(initial, decay_steps, decay_rate, staircase=False):
    def at(step):
        progress = step / decay_steps
        return initial * decay_rate ** (jnp.floor(progress) if staircase else progress)

    return at


def inverse_time_decay(initial, decay_steps, decay_rate, staircase=False):
    def at(step):
        progress = step / decay_steps
        return initial / (1 + decay_rate * (jnp.floor(progress) if staircase else progress))

    return at


def polynomial_decay(initial, decay_steps, end=0.0001, power=1.0, cycle=False):
    def at(step):
        period = decay_steps * jnp.maximum(jnp.ceil(step / decay_steps), 1) if cycle else decay_steps
        return (initial - end) * (1 - jnp.minimum(step, period) / period) ** power + end

    return at


def piecewise_constant_decay(boundaries, values):
    return lambda step: jnp.asarray(values)[jnp.searchsorted(jnp.asarray(boundaries), step)]


def cosine_decay(initial, decay_steps, alpha=0.0):
    def at(step):
        cosine = 0.5 * (1 + jnp.cos(math.pi * jnp.minimum(step, decay_steps) / decay_steps))
        return initial * ((1 - alpha) * cosine + alpha)

    return at


def warmup(lr, steps, initial=0.0):
    """From `initial` to where `lr` begins, then `lr`."""

    def at(step):
        first = lr(0.0) if callable(lr) else lr
        later = lr(jnp.maximum(step - steps, 0.0)) if callable(lr) else lr
        return jnp.where(step < steps, initial + (first - initial) * step / steps, later)

    return at


# Training


def train(loss, parameters, batches, optimizer):
    """One step a batch; the loss of each is that before its update. Returns the losses and the last parameters."""
    parameters = {name: jnp.asarray(value) for name, value in parameters.items()}
    slots = {name: tuple(jnp.full_like(value, start) for start in optimizer.starts)
             for name, value in parameters.items()}

    @jax.jit
    def one_step(parameters, slots, step, batch):
        value, gradients = jax.value_and_grad(loss)(parameters, batch)
        gradients = optimizer.clip(gradients)
        new = {name: optimizer.update(parameters[name], gradients[name], slots[name], step) for name in parameters}
        return value, {name: pair[0] for name, pair in new.items()}, {name: pair[1] for name, pair in new.items()}

    losses = []
    for index, batch in enumerate(batches):
        step = jnp.asarray(index + 1, jnp.result_type(*parameters.values()))
        value, parameters, slots = one_step(parameters, slots, step, batch)
        losses.append(float(value))
    return losses, parameters
