"""Recurrent layers: cells, directions, masks and dropout. (test/gradient/Inputs/recurrent.py compares stacks of all forms
with JAX, test/gradient/Inputs/padding.py padded samples with what they are without padding.)"""

import gradient_functions
from gradient_functions import Function, Input
from gradient_steps import Case, Step
from layer_families import table
from layer_family import Layer, Value, jax, jnp
from philox import keep_or_drop

# (batch, time, features, units)
SIZES = [(1, 1, 1, 1), (1, 5, 3, 2), (3, 1, 4, 3), (3, 4, 1, 5), (5, 3, 2, 1), (4, 6, 3, 4)]

# Cells: (attributes, parameters, states, x_t, h_{t-1} as the recurrent kernel sees it) -> states, the output last


def lstm_step(attributes, p, states, x, seen):
    """Gates in Keras' order: input, forget, cell, output; one bias."""
    c, _ = states
    i, f, g, o = jnp.split(x @ p["kernel"] + seen @ p["recurrent_kernel"] + p.get("bias", 0), 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return c, jax.nn.sigmoid(o) * jnp.tanh(c)


def gru_step(attributes, p, states, x, seen):
    (h,) = states
    units, recurrent = h.shape[-1], p["recurrent_kernel"]
    bias = p.get("bias", 0)
    if attributes["reset_after"]:
        of_input, of_recurrent = bias if "bias" in p else (0, 0)
        inputs, inner = x @ p["kernel"] + of_input, seen @ recurrent + of_recurrent
        z, r, n = jnp.split(inputs, 3, axis=-1)
        z, r = jax.nn.sigmoid(z + inner[:, :units]), jax.nn.sigmoid(r + inner[:, units:2 * units])
        n = jnp.tanh(n + r * inner[:, 2 * units:])
    else:
        z, r, n = jnp.split(x @ p["kernel"] + bias, 3, axis=-1)
        z = jax.nn.sigmoid(z + seen @ recurrent[:, :units])
        r = jax.nn.sigmoid(r + seen @ recurrent[:, units:2 * units])
        n = jnp.tanh(n + (r * seen) @ recurrent[:, 2 * units:])
    return (z * h + (1 - z) * n,)


CELL_ACTIVATIONS = {"tanh": lambda x: jnp.tanh(x), "relu": lambda x: jax.nn.relu(x), "linear": lambda x: x,
                    "sigmoid": lambda x: jax.nn.sigmoid(x)}


def simple_rnn_step(attributes, p, states, x, seen):
    z = x @ p["kernel"] + seen @ p["recurrent_kernel"] + p.get("bias", 0)
    return (CELL_ACTIVATIONS[attributes["activation"]](z),)


# Of each cell: its step, how many states it has, its attributes' defaults.
CELLS = {"lstm": (lstm_step, 2, {}), "gru": (gru_step, 1, {"reset_after": True}),
         "simple_rnn": (simple_rnn_step, 1, {"activation": "tanh"})}


def run_direction(kind, attributes, p, x, reverse, mask, sequences, scale):
    """x: [batch, time, features]. A sequence is in the order of the input."""
    step, count, _ = CELLS[kind]
    zeros = jnp.zeros((x.shape[0], p["recurrent_kernel"].shape[0]), x.dtype)

    def advance(states, inputs):
        x, valid = inputs
        after = step(attributes, p, states, x, states[-1] * scale)
        states = tuple(jnp.where(valid[:, None], new, old) for new, old in zip(after, states))
        return states, states[-1]

    valid = jnp.ones(x.shape[:2], bool) if mask is None else mask != 0
    states, outputs = jax.lax.scan(advance, (zeros,) * count, (jnp.swapaxes(x, 0, 1), valid.T), reverse=reverse)
    return jnp.swapaxes(outputs, 0, 1) if sequences else states[-1]


MERGES = {"concat": lambda a, b: jnp.concatenate([a, b], axis=-1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
          "ave": lambda a, b: (a + b) / 2}


def recurrent(kind, p, layer, x, mask=None, return_sequences=False, direction="forward", merge_mode="concat", dropout=0.0,
              recurrent_dropout=0.0, **attributes):
    attributes = {**CELLS[kind][2], **attributes}
    random = p.get("random") if dropout or recurrent_dropout else None

    def one(prefix, reverse):
        begin = f"{layer}.{prefix}"
        own = {key[len(begin):]: value for key, value in p.items() if key.startswith(begin)}
        seen, scale = x, 1.0
        if random:
            # Two streams each, whether both are drawn from or not.
            batch, units = x.shape[0], own["recurrent_kernel"].shape[0]
            ones = jnp.ones((batch, units), x.dtype)
            seen = random.in_training(keep_or_drop(x, random.words((batch, x.shape[2]))[0][:, None], dropout), x)
            scale = random.in_training(keep_or_drop(ones, random.words((batch, units))[0], recurrent_dropout), ones)
        return run_direction(kind, attributes, own, seen, reverse, mask, return_sequences, scale)

    if direction != "bidirectional":
        return one("", direction == "reverse")
    return MERGES[merge_mode](one("forward_", False), one("backward_", True))


def lstm(p, layer, x, return_sequences=False, **form):
    return recurrent("lstm", p, layer, x, return_sequences=return_sequences, **form)


def words(form):
    """Attributes as a model file has them; those that are false flags are left out."""
    flags = ("return_sequences",)
    texts = [key if key in flags else f"{key} = {str(value).lower()}" for key, value in form.items()
             if key not in flags or value]
    return ", ".join(texts)


def get_width(units, form):
    """Of the result."""
    doubles = form.get("direction") == "bidirectional" and form.get("merge_mode", "concat") == "concat"
    return 2 * units if doubles else units


def steps(kind, masked=False, **form):
    for batch, time, features, units in SIZES:
        width = get_width(units, form)
        mask = "%mask = nn.padding_mask %tokens\n  " if masked else ""
        line = f"{mask}%y = nn.{kind} %x{' mask(%mask)' if masked else ''} {{{words({'units': units, **form})}}}"
        inputs = [("x", (time, features), "f32")]
        # Tokens of which some are padding, and which nothing bounds.
        values = {}
        if masked:
            inputs.append(("tokens", (time,), "i32"))
            values["tokens"] = [[(3 * sample + 2 * step + time) % 3 for step in range(time)] for sample in range(batch)]
        # A single step's gradient has no use for most of what the general form computes.
        yield Step(batch, inputs, line, (time, width) if form.get("return_sequences") else (width,), mutants=time > 1,
                   values=values)


def dropout_functions(kind, gates, bias, **form):
    """As in training; the same numbers at every evaluation, since seed and step stay the same. Of so many samples and units
    that none of the steps' parts is dropped everywhere."""
    for batch, time, features, units in [(3, 4, 1, 7), (5, 3, 2, 4), (4, 6, 3, 4), (7, 2, 5, 3), (6, 3, 1, 5)]:
        inputs = [Input("x", (batch, time, features)), Input("k", (features, gates * units)), Input("r", (units, gates * units)),
                  Input("b", tuple(size * units if size == gates else size for size in bias))]
        text = words({"units": units, "dropout": 0.4, "recurrent_dropout": 0.3, **form})
        yield Function(inputs, f"""%seed = arith.constant dense<7> : tensor<i64>
    %step = arith.constant dense<3> : tensor<i64>
    %y = nn.{kind} %x params(%k, %r, %b) key(%seed, %step) {{{text}}}""", (batch, units))


def gradient_cases():
    yield Case("nn.lstm", steps("lstm"))
    yield Case("nn.lstm-sequences", steps("lstm", return_sequences=True))
    yield Case("nn.lstm-no-bias", steps("lstm", return_sequences=True, use_bias=False))
    yield Case("nn.lstm-bidirectional", steps("lstm", return_sequences=True, direction="bidirectional"))
    yield Case("nn.lstm-masked", steps("lstm", masked=True, return_sequences=True))
    yield Case("nn.gru", steps("gru", return_sequences=True))
    yield Case("nn.gru-last-no-bias", steps("gru", use_bias=False))
    yield Case("nn.gru-reset-before", steps("gru", return_sequences=True, reset_after=False))
    yield Case("nn.gru-masked-reverse", steps("gru", masked=True, direction="reverse"))
    yield Case("nn.gru-bidirectional", steps("gru", direction="bidirectional", merge_mode="mul", reset_after=False))
    yield Case("nn.simple_rnn", steps("simple_rnn", return_sequences=True))
    yield Case("nn.simple_rnn-relu", steps("simple_rnn", activation="relu"))
    yield Case("nn.simple_rnn-masked", steps("simple_rnn", masked=True, direction="bidirectional", merge_mode="ave"))
    yield gradient_functions.Case("nn.lstm-dropout", [*dropout_functions("lstm", 4, (4,))])
    yield gradient_functions.Case("nn.gru-dropout", [*dropout_functions("gru", 3, (2, 3))])
    yield gradient_functions.Case("nn.gru-reset-before-dropout", [*dropout_functions("gru", 3, (3,), reset_after=False)])


KERAS = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}


PENALIZED = ("kernel", "recurrent_kernel", "bias")


def layer(kind, value, units, mask=None, use_bias=True, regularizers=(), **form):
    """`regularizers`: of each parameter in PENALIZED the name of its regulariser, or ""."""
    sequences = form.get("return_sequences", False)
    width = get_width(units, form)
    chosen = {name: table("REGULARIZERS")[one] for name, one in zip(PENALIZED, regularizers) if one}
    texts = {f"{name.removesuffix('_kernel') if name != 'kernel' else name}_regularizer": one.text
             for name, one in chosen.items()}

    def penalty(p, layer):
        prefixes = ["forward_", "backward_"] if form.get("direction") == "bidirectional" else [""]
        named = [(f"{layer}.{prefix}{name}", one) for prefix in prefixes for name, one in chosen.items()]
        return sum(one.formula(p[name]) for name, one in named if name in p)

    def keras_layer(keras):
        attributes = {key: form[key] for key in ("return_sequences", "reset_after", "activation") if key in form}
        one = getattr(keras.layers, KERAS[kind])(units, use_bias=use_bias, **attributes)
        if form.get("direction") == "bidirectional":
            return keras.layers.Bidirectional(one, merge_mode=form.get("merge_mode", "concat"))
        return one

    text = ", ".join([words({"units": units, "use_bias": use_bias, **form}), *(f"{a} = {b}" for a, b in texts.items())])
    return Layer(f"nn.{kind} {value.name}{f' mask({mask.name})' if mask else ''} {{{text}}}",
                 [value, mask] if mask else [value], (value.shape[0], width) if sequences else (width,),
                 lambda p, layer, x, steps=None: recurrent(kind, p, layer, x, steps, **form), penalty if chosen else None,
                 keras_layer)


def read(kind):
    own = ("return_sequences", "direction", "merge_mode", "reset_after", "activation")
    return lambda value, a: layer(kind, value, a["units"], use_bias=a.get("use_bias", True), **{k: a[k] for k in own if k in a})


READ = {kind: read(kind) for kind in CELLS}


def jax_layers():
    for index, (batch, time, features, units) in enumerate(SIZES):
        value = Value("%x", (time, features))
        yield batch, layer("lstm", value, units, use_bias=index % 3 != 0, return_sequences=index % 2 == 0)
        yield batch, layer("gru", value, units, use_bias=index % 3 != 1, return_sequences=index % 2 == 1,
                           reset_after=index % 3 != 2)


def draw(random, value, others):
    if value.element != "f32" or len(value.shape) != 2:
        return None
    kind = random.choice([*CELLS])
    form = {"return_sequences": bool(random.random() < 0.5),
            "direction": str(random.choice(["forward", "forward", "reverse", "bidirectional"]))}
    if form["direction"] == "bidirectional":
        form["merge_mode"] = str(random.choice([*MERGES]))
    if random.random() < 0.3:
        form |= {"dropout": 0.25, "recurrent_dropout": float(random.choice([0.0, 0.5]))}
    if kind == "gru":
        form["reset_after"] = bool(random.random() < 0.5)
    if kind == "simple_rnn":
        form["activation"] = str(random.choice(["tanh", "sigmoid", "relu"]))
    masks = [other for other in others if other.element == "mask" and other.shape == value.shape[:1]]
    mask = masks[0] if masks and random.random() < 0.7 else None
    regularizers = [random.choice(["", "", *table("REGULARIZERS")]) for _ in PENALIZED]
    return layer(kind, value, int(random.integers(1, 8)), mask, bool(random.random() < 0.8), regularizers, **form)


DRAWS = [draw]
