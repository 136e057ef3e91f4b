"""Compares the gradient entry of two stacked LSTM layers with JAX in f64: lstm.py TARGET TOLERANCE. Computes in f64 on
the reference target, else in f32."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import jax_reference as ref
import nnc_program

jax.config.update("jax_enable_x64", True)

MODEL = """nn.model @m(%x: tensor<?x{time}x{features}x{element}>) -> tensor<?x{shape}x{element}> {{
  %h = nn.lstm %x {{units = {units}, return_sequences{options}}}
  %y = nn.lstm %h {{units = {units2}{sequences}{options}}}
  nn.return %y
}}
nn.step @fit(%x: tensor<?x{time}x{features}x{element}>, %goal: tensor<?x{shape}x{element}>) {{
  %y = nn.call @m(%x) : tensor<?x{shape}x{element}>
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""


def compare(batch, time, features, units, units2, sequences, bias, target, tolerance):
    model = MODEL.format(
        time=time,
        element="f64" if target == "reference" else "f32",
        features=features,
        units=units,
        units2=units2,
        shape=f"{time}x{units2}" if sequences else units2,
        sequences=", return_sequences" if sequences else "",
        options="" if bias else ", use_bias = false",
    )
    program = nnc_program.compile_model(model, batch=batch, entries="gradient", target=target)
    instance = program.instance(workers=2, fill=0xA5)
    random = np.random.default_rng(batch * time)
    p = {}
    for name, view in instance.parameters.items():
        view[...] = p[name] = random.standard_normal(view.shape).astype(np.float32)
    inputs = {
        name: random.standard_normal(description.tensor.view(instance.arena).shape).astype(np.float32)
        for name, description in program.inputs("fit.gradient").items()
        if name in ("x", "goal")
    }
    got = instance.run("fit.gradient", **inputs)

    def loss(values):
        h = ref.lstm(values, "m.lstm", values["x"], return_sequences=True)
        y = ref.lstm(values, "m.lstm_1", h, return_sequences=sequences)
        return ref.mean_squared_error(y, values["goal"])

    values = {name: jnp.asarray(value, jnp.float64) for name, value in {**p, **inputs}.items()}
    expected_loss, expected = jax.value_and_grad(loss)(values)
    np.testing.assert_allclose(got.pop("loss"), expected_loss, rtol=tolerance)
    assert set(got) == set(expected), (set(got), set(expected))
    for name, gradient in expected.items():
        scale = max(float(jnp.max(jnp.abs(gradient))), 1e-30)
        np.testing.assert_allclose(got[name] / scale, gradient / scale, rtol=0, atol=tolerance, err_msg=name)

    other = program.instance(workers=3, fill=0, reverse=True)
    for name, view in other.parameters.items():
        view[...] = p[name]
    again = other.run("fit.gradient", **inputs)
    for name, gradient in got.items():
        assert np.array_equal(again[name], gradient), f"{name} depends on the order of the batch blocks"


SHAPES = [
    (6, 7, 5, 4, 3, False, True),
    (6, 7, 5, 4, 3, True, True),
    (1, 1, 1, 1, 1, False, True),
    (5, 1, 3, 2, 4, True, False),
    (7, 3, 1, 5, 1, False, True),
    (31, 3, 6, 17, 8, False, True),
    (17, 2, 3, 4, 8, True, True),
    (32, 4, 6, 8, 8, True, False),
]
target, tolerance = sys.argv[1], float(sys.argv[2])
for shape in SHAPES:
    compare(*shape, target=target, tolerance=tolerance)
