"""Recurrent layers in plain JAX: Keras' formulas written down a second time, with directions and masks."""

import jax
import jax.numpy as jnp

ACTIVATIONS = {"tanh": jnp.tanh, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "linear": lambda x: x}
sigmoid, tanh = jax.nn.sigmoid, jnp.tanh


def lstm_step(options, p, states, x, h_scaled):
    c, _ = states
    i, f, g, o = jnp.split(x @ p["kernel"] + h_scaled @ p["recurrent_kernel"] + p.get("bias", 0), 4, axis=-1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    return c, sigmoid(o) * tanh(c)


def gru_step(options, p, states, x, h_scaled):
    (h,) = states
    units = h.shape[-1]
    recurrent = p["recurrent_kernel"]
    if options["reset_after"]:
        inputs, inner = x @ p["kernel"], h_scaled @ recurrent
        if "bias" in p:
            inputs, inner = inputs + p["bias"][0], inner + p["bias"][1]
        z, r = (sigmoid(inputs[:, k * units:(k + 1) * units] + inner[:, k * units:(k + 1) * units]) for k in (0, 1))
        n = tanh(inputs[:, 2 * units:] + r * inner[:, 2 * units:])
    else:
        inputs = x @ p["kernel"] + p.get("bias", 0)
        z, r = (sigmoid(inputs[:, k * units:(k + 1) * units] + h_scaled @ recurrent[:, k * units:(k + 1) * units])
                for k in (0, 1))
        n = tanh(inputs[:, 2 * units:] + (r * h_scaled) @ recurrent[:, 2 * units:])
    return (z * h + (1 - z) * n,)


def simple_rnn_step(options, p, states, x, h_scaled):
    return (ACTIVATIONS[options["activation"]](x @ p["kernel"] + h_scaled @ p["recurrent_kernel"] + p.get("bias", 0)),)


STEPS = {"lstm": (lstm_step, 2), "gru": (gru_step, 1), "simple_rnn": (simple_rnn_step, 1)}


def one_direction(kind, p, x, options, reverse, mask, sequences):
    """x: [batch, time, features]; mask: None or booleans [batch, time]. A sequence is in the order of the input."""
    step, count = STEPS[kind]
    units = p["recurrent_kernel"].shape[0]
    valid = jnp.ones(x.shape[:2], bool) if mask is None else mask

    def advance(states, inputs):
        x, valid = inputs
        new = step(options, p, states, x, states[-1])
        states = tuple(jnp.where(valid[:, None], after, before) for after, before in zip(new, states))
        return states, states[-1]

    zeros = (jnp.zeros((x.shape[0], units), x.dtype),) * count
    states, hs = jax.lax.scan(advance, zeros, (jnp.swapaxes(x, 0, 1), valid.T), reverse=reverse)
    return jnp.swapaxes(hs, 0, 1) if sequences else states[-1]


MERGES = {"concat": lambda a, b: jnp.concatenate([a, b], axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
          "ave": lambda a, b: (a + b) / 2}


def layer(kind, parameters, name, x, options, direction="forward", merge_mode="concat", mask=None, sequences=False):
    def one(prefix, reverse):
        begin = f"{name}.{prefix}"
        p = {key[len(begin):]: value for key, value in parameters.items() if key.startswith(begin)}
        return one_direction(kind, p, x, options, reverse, mask, sequences)

    if direction != "bidirectional":
        return one("", direction == "reverse")
    return MERGES[merge_mode](one("forward_", False), one("backward_", True))
