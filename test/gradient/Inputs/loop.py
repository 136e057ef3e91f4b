"""Compares the gradient entry of rnn.mlir with JAX: loop.py MODEL TARGET TOLERANCE."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import nnc_program

jax.config.update("jax_enable_x64", True)


def loss(values):
    h = jnp.zeros((values["x"].shape[0], values["rnn.recurrent_kernel"].shape[0]))
    for t in range(values["x"].shape[1]):
        h = jnp.tanh(values["x"][:, t] @ values["rnn.kernel"] + h @ values["rnn.recurrent_kernel"])
    return jnp.mean((h - values["goal"]) ** 2)


path, target, tolerance = sys.argv[1], sys.argv[2], float(sys.argv[3])
for batch in (1, 6, 17):
    program = nnc_program.compile_model(path, batch=batch, entries="gradient", target=target)
    instance = program.instance(fill=0xA5)
    random = np.random.default_rng(batch)
    values = {name: random.standard_normal(view.shape) for name, view in instance.parameters.items()}
    for name, view in instance.parameters.items():
        view[...] = values[name]
    inputs = {name: random.standard_normal(shape) for name, shape in (("x", (batch, 7, 5)), ("goal", (batch, 4)))}
    got = instance.run("fit.gradient", **inputs)
    expected_loss, expected = jax.value_and_grad(loss)({**values, **inputs})
    np.testing.assert_allclose(got.pop("loss"), expected_loss, rtol=tolerance)
    assert set(got) == set(expected), (set(got), set(expected))
    for name, gradient in expected.items():
        np.testing.assert_allclose(got[name], gradient, rtol=tolerance, atol=tolerance, err_msg=name)
