"""Compares the gradient entry of two stacked recurrent layers with JAX in f64: in f64 on the reference target, in f32 on
this machine's. Forms and shapes take turns, so that every form of each layer occurs, and the shapes that blocks of a batch
and single steps make special are among them."""
import itertools

import jax
import jax.numpy as jnp
import numpy as np

import jax_reference as ref
import nnc_program

jax.config.update("jax_enable_x64", True)

MODEL = """nn.model @m(%x: tensor<?x{time}x{features}x{element}>, %tokens: tensor<?x{time}xi32>)
    -> tensor<?x{shape}x{element}> {{
  %mask = nn.padding_mask %tokens
  %h = nn.{first}
  %y = nn.{second}
  nn.return %y
}}
nn.step @fit(%x: tensor<?x{time}x{features}x{element}>, %tokens: tensor<?x{time}xi32>,
             %goal: tensor<?x{shape}x{element}>) {{
  %y = nn.call @m(%x, %tokens) : tensor<?x{shape}x{element}>
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""
KINDS = [("lstm", {}), ("gru", {"reset_after": True}), ("gru", {"reset_after": False}),
         ("simple_rnn", {"activation": "tanh"}), ("simple_rnn", {"activation": "relu"}),
         ("simple_rnn", {"activation": "sigmoid"}), ("simple_rnn", {"activation": "linear"})]
# Of batch, time, features, units of the first layer and of the second.
SHAPES = [(6, 7, 5, 4, 3), (1, 1, 1, 1, 1), (5, 1, 3, 2, 4), (7, 3, 1, 5, 1), (31, 3, 6, 17, 8), (17, 2, 3, 4, 8), (32, 4, 6, 8, 8)]


def line(kind, options, operand, units, form, sequences):
    words = [f"units = {units}", f"direction = {form['direction']}", f"use_bias = {str(form['bias']).lower()}"]
    words += [f"merge_mode = {form['merge_mode']}"] if form["direction"] == "bidirectional" else []
    words += [f"{key} = {str(value).lower()}" for key, value in options.items()]
    words += ["return_sequences"] if sequences else []
    return f"{kind} {operand} {'mask(%mask)' if form['mask'] else ''} {{{', '.join(words)}}}"


def width(units, form):
    return units * (2 if form["direction"] == "bidirectional" and form["merge_mode"] == "concat" else 1)


TOLERANCES = {"reference": 1e-11, "cpu": 3e-5}


def compile_form(kind, options, form, shape, sequences, target):
    batch, time, features, units, units2 = shape
    columns = width(units2, form)
    model = MODEL.format(time=time, element="f64" if target == "reference" else "f32", features=features,
                         shape=f"{time}x{columns}" if sequences else columns,
                         first=line(kind, options, "%x", units, form, True),
                         second=line(kind, options, "%h", units2, form, sequences))
    return nnc_program.compile_model(model, batch=batch, entries="gradient", target=target)


def run(program, parameters, inputs, **how):
    instance = program.instance(**how)
    for name, view in instance.parameters.items():
        view[...] = parameters[name]
    return instance.run("fit.gradient", **{name: inputs[name] for name in program.inputs("fit.gradient") if name in inputs})


def compare(kind, options, form, shape, sequences):
    batch, time, *_ = shape
    programs = {target: compile_form(kind, options, form, shape, sequences, target) for target in TOLERANCES}
    draw = lambda view: random.standard_normal(view.shape).astype(np.float32)  # noqa: E731
    random, some = np.random.default_rng(batch * time), programs["cpu"].instance()
    p = {name: draw(view) for name, view in some.parameters.items()}
    inputs = {name: draw(description.tensor.view(some.arena))
              for name, description in programs["cpu"].inputs("fit.gradient").items() if name in ("x", "goal")}
    inputs["tokens"] = random.integers(0, 3, (batch, time)).astype(np.int32)

    def loss(values):
        mask = jnp.asarray(inputs["tokens"] != 0) if form["mask"] else None
        layer = lambda name, x, sequences: ref.recurrent(  # noqa: E731
            kind, values, name, x, mask, return_sequences=sequences, direction=form["direction"],
            merge_mode=form["merge_mode"], **options)
        second = f"m.{kind}_1"
        return ref.mean_squared_error(layer(second, layer(f"m.{kind}", values["x"], True), sequences), values["goal"])

    values = {name: jnp.asarray(value, jnp.float64) for name, value in {**p, "x": inputs["x"], "goal": inputs["goal"]}.items()}
    expected_loss, expected = jax.jit(jax.value_and_grad(loss))(values)
    for target, tolerance in TOLERANCES.items():
        what = f"{kind} {options} {form} {shape} on {target}"
        got = run(programs[target], p, inputs, workers=2, fill=0xA5)
        np.testing.assert_allclose(got.pop("loss"), expected_loss, rtol=tolerance, err_msg=what)
        assert set(got) == set(expected), (set(got), set(expected))
        again = run(programs[target], p, inputs, workers=3, fill=0, reverse=True)
        for name, gradient in expected.items():
            scale = max(float(jnp.max(jnp.abs(gradient))), 1e-30)
            np.testing.assert_allclose(got[name] / scale, gradient / scale, rtol=0, atol=tolerance, err_msg=f"{name}: {what}")
            assert np.array_equal(again[name], got[name]), f"{name} depends on the order of the batch blocks: {what}"


def main():
    directions = ["forward", "reverse", "bidirectional"]
    merges = ["concat", "sum", "mul", "ave"]
    # Each kind with each direction, with a mask and without; the rest in turn.
    forms = itertools.product(KINDS, directions, [False, True])
    for number, ((kind, options), direction, mask) in enumerate(forms):
        form = {"direction": direction, "merge_mode": merges[number // 6 % 4], "bias": number % 4 != 0, "mask": mask}
        compare(kind, options, form, SHAPES[number % len(SHAPES)], number % 3 != 0)


main()
