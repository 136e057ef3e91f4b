"""The dense layer."""

from gradient_steps import SIZES, Case, Step
from layer_families import table
from layer_family import Layer, Value


def dense(p, layer, x, activation=None):
    y = x @ p[f"{layer}.kernel"]
    if f"{layer}.bias" in p:
        y = y + p[f"{layer}.bias"]
    return activation(y) if activation else y


def steps(attributes=""):
    for batch, n, units in SIZES:
        yield Step(batch, [("x", (n,), "f32")], f"%y = nn.dense %x {{units = {units}{attributes}}}", (units,))


def steps_in_time():
    for batch, n, units in SIZES:
        yield Step(batch, [("x", (3, n), "f32")], f"%y = nn.dense %x {{units = {units}, activation = tanh}}", (3, units))


def gradient_cases():
    yield Case("nn.dense", steps())
    yield Case("nn.dense-no-bias", steps(", use_bias = false"))
    yield Case("nn.dense-regularized", steps(", kernel_regularizer = #nn.l2<0.3>, bias_regularizer = #nn.l1<0.2>"),
               first_parameter=0.0)
    yield Case("nn.dense-rank-3", steps_in_time())


def layer(value, units, activation="", use_bias=True, regularizer="", bias_regularizer=""):
    function = table("ACTIVATIONS")[activation] if activation else None
    text = f"units = {units}"
    text += f", activation = {activation}" if activation else ""
    text += "" if use_bias else ", use_bias = false"
    chosen = {"kernel": regularizer, "bias": bias_regularizer if use_bias else ""}
    penalties = {name: table("REGULARIZERS")[one] for name, one in chosen.items() if one}
    text += "".join(f", {name}_regularizer = {one.text}" for name, one in penalties.items())
    return Layer(f"nn.dense {value.name} {{{text}}}", [value], (*value.shape[:-1], units),
                 lambda p, layer, x: dense(p, layer, x, function),
                 lambda p, layer: sum(one.formula(p[f"{layer}.{name}"]) for name, one in penalties.items()),
                 lambda keras: keras.layers.Dense(units, use_bias=use_bias))


READ = {"dense": lambda value, a: layer(value, a["units"], a.get("activation", ""), a.get("use_bias", True))}


def jax_layers():
    for batch, n, units in SIZES:
        yield batch, layer(Value("%x", (n,)), units)
        yield batch, layer(Value("%x", (3, n)), units, "tanh", use_bias=False, regularizer="l2")


def draw(random, value, others):
    if value.element != "f32" or not value.shape:
        return None
    activation = random.choice(["", *table("ACTIVATIONS")])
    regularizers = [random.choice(["", "", *table("REGULARIZERS")]) for _ in range(2)]
    return layer(value, int(random.integers(1, 12)), activation, random.random() < 0.8, *regularizers)


DRAWS = [draw]
