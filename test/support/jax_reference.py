"""The layers, losses, regularisers and optimisers of nnc in plain JAX: Keras' formulas written down a second time, to
compare trajectories, values and gradients with.

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

# Activations

relu = jax.nn.relu
tanh = jnp.tanh
sigmoid = jax.nn.sigmoid
silu = jax.nn.silu


def softmax(x):
    return jax.nn.softmax(x, axis=-1)


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


ACTIVATIONS = {f.__name__: f for f in (relu, tanh, sigmoid, silu, softmax, gelu)}

# Layers


def dense(p, layer, x, activation=None):
    y = x @ p[f"{layer}.kernel"]
    if f"{layer}.bias" in p:
        y = y + p[f"{layer}.bias"]
    return activation(y) if activation else y


def embedding(p, layer, tokens):
    return p[f"{layer}.embeddings"][tokens]


def lstm(p, layer, x, return_sequences=False):
    """x: [batch, time, features]. Gates in Keras' order: input, forget, cell, output; one bias."""
    recurrent = p[f"{layer}.recurrent_kernel"]
    units = recurrent.shape[0]
    inputs = x @ p[f"{layer}.kernel"]
    if f"{layer}.bias" in p:
        inputs = inputs + p[f"{layer}.bias"]

    def step(carried, z):
        h, c = carried
        i, f, g, o = jnp.split(z + h @ recurrent, 4, axis=-1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[0], units), x.dtype)
    (h, _), hs = jax.lax.scan(step, (zeros, zeros), jnp.swapaxes(inputs, 0, 1))
    return jnp.swapaxes(hs, 0, 1) if return_sequences else h


# Losses: means over the samples


def probabilities(y):
    """Keras' treatment of what is given as probabilities."""
    y = y / jnp.sum(y, axis=-1, keepdims=True)
    return jnp.clip(y, 1e-7, 1 - 1e-7)


def log_probabilities(y, from_logits):
    return jax.nn.log_softmax(y, axis=-1) if from_logits else jnp.log(probabilities(y))


def sparse_categorical_crossentropy(y, label, from_logits=False):
    log_p = log_probabilities(y, from_logits)
    return -jnp.mean(jnp.take_along_axis(log_p, label[..., None].astype(jnp.int32), axis=-1))


def categorical_crossentropy(y, target, from_logits=False):
    return -jnp.mean(jnp.sum(target * log_probabilities(y, from_logits), axis=-1))


def mean_squared_error(y, target):
    return jnp.mean((y - target) ** 2)


def half_squared_error(y, target):
    """½‖ŷ − y‖² of a sample; mean over samples."""
    return jnp.mean(0.5 * jnp.sum((y - target) ** 2, axis=tuple(range(1, y.ndim))))


# Regularisers


def l1(w, factor=0.01):
    return factor * jnp.sum(jnp.abs(w))


def l2(w, factor=0.01):
    return factor * jnp.sum(w * w)


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
