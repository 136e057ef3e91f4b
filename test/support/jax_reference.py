"""The layers, losses, regularisers and optimisers of nnc in plain JAX: Keras' formulas written down a second time, to
compare trajectories, values and gradients with. Optimisers are here; the others each in their family's file in
test/layers/, and found by name (jax_reference.dense).

A model is a function of (parameters, batch); parameters are a dictionary by nnc's dotted names, so the initial weights
of a compiled program serve as they are:

    def loss(p, batch):
        h = dense(p, "classifier.dense", batch["image"], relu)
        return sparse_categorical_crossentropy(dense(p, "classifier.dense_1", h), batch["label"], from_logits=True)

    losses, parameters = train(loss, initial, batches, adam())
"""

import math

import jax
import jax.numpy as jnp

import layer_families


def __getattr__(name):
    """A layer's, loss's or regulariser's formula."""
    return layer_families.formula(name)


# Optimisers: (slots made for a parameter, update(parameter, gradient, slots, step) -> (parameter, slots)); step is 1 in
# the first step.


def sgd(lr=0.01, momentum=0.0, nesterov=False):
    def update(w, g, slots, step):
        if momentum == 0.0:
            return w - lr * g, slots
        m = momentum * slots[0] - lr * g
        return w + (momentum * m - lr * g if nesterov else m), (m,)

    return (1 if momentum else 0), update


def one_minus_power(beta, step):
    """1 - beta**step. In f32 the plain form is off by 3e-5 at step 1 for beta = 0.999, which 50 steps amplify."""
    return -jnp.expm1(step * math.log(beta))


def adam(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0):
    def update(w, g, slots, step):
        m, v = slots
        w = w - w * (weight_decay * lr)
        m = m + (g - m) * (1 - beta_1)
        v = v + (g * g - v) * (1 - beta_2)
        alpha = lr * jnp.sqrt(one_minus_power(beta_2, step)) / one_minus_power(beta_1, step)
        return w - m * alpha / (jnp.sqrt(v) + epsilon), (m, v)

    return 2, update


def adamw(lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.004):
    return adam(lr, beta_1, beta_2, epsilon, weight_decay)


# Training


def train(loss, parameters, batches, optimizer):
    """One step a batch; the loss of each is that before its update. Returns the losses and the last parameters."""
    slot_count, update = optimizer
    parameters = {name: jnp.asarray(value) for name, value in parameters.items()}
    slots = {name: (jnp.zeros_like(value),) * slot_count for name, value in parameters.items()}

    @jax.jit
    def one_step(parameters, slots, step, batch):
        value, gradients = jax.value_and_grad(loss)(parameters, batch)
        new = {name: update(parameters[name], gradients[name], slots[name], step) for name in parameters}
        return value, {name: pair[0] for name, pair in new.items()}, {name: pair[1] for name, pair in new.items()}

    losses = []
    for index, batch in enumerate(batches):
        step = jnp.asarray(index + 1, jnp.float32)
        value, parameters, slots = one_step(parameters, slots, step, batch)
        losses.append(float(value))
    return losses, parameters
