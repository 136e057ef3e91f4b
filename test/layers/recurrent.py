"""The LSTM layer. (test/gradient/Inputs/lstm.py compares stacks of them with JAX.)"""

from gradient_steps import Case, Step
from layer_family import Layer, Value, jax, jnp

# (batch, time, features, units)
SIZES = [(1, 1, 1, 1), (1, 5, 3, 2), (3, 1, 4, 3), (3, 4, 1, 5), (5, 3, 2, 1), (4, 6, 3, 4)]


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
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((x.shape[0], units), x.dtype)
    (h, _), hs = jax.lax.scan(step, (zeros, zeros), jnp.swapaxes(inputs, 0, 1))
    return jnp.swapaxes(hs, 0, 1) if return_sequences else h


def steps(sequences, attributes=""):
    for batch, time, features, units in SIZES:
        flag = ", return_sequences" if sequences else ""
        # A single step's gradient has no use for most of what the general form computes.
        yield Step(batch, [("x", (time, features), "f32")], f"%y = nn.lstm %x {{units = {units}{flag}{attributes}}}",
                   (time, units) if sequences else (units,), mutants=time > 1)


def gradient_cases():
    yield Case("nn.lstm", steps(sequences=False))
    yield Case("nn.lstm-sequences", steps(sequences=True))
    yield Case("nn.lstm-no-bias", steps(sequences=True, attributes=", use_bias = false"))


def layer(value, units, sequences, use_bias):
    text = f"units = {units}{', return_sequences' if sequences else ''}{'' if use_bias else ', use_bias = false'}"
    return Layer(f"nn.lstm {value.name} {{{text}}}", [value], (value.shape[0], units) if sequences else (units,),
                 lambda p, layer, x: lstm(p, layer, x, sequences),
                 keras=lambda keras: keras.layers.LSTM(units, return_sequences=sequences, use_bias=use_bias))


def jax_layers():
    for index, (batch, time, features, units) in enumerate(SIZES):
        yield batch, layer(Value("%x", (time, features)), units, sequences=index % 2 == 0, use_bias=index % 3 != 0)


def draw(random, value, others):
    if value.element != "f32" or len(value.shape) != 2:
        return None
    return layer(value, int(random.integers(1, 8)), random.random() < 0.5, random.random() < 0.8)


DRAWS = [draw]
