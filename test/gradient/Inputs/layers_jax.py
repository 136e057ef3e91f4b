"""Compares every family of test/layers/ with JAX in f64, loss and gradients: layers_jax.py TARGET TOLERANCE. What has no
parameters stands in a step of its own, a layer with parameters in a model. Computes in f64 on the reference target, else
in f32."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import nnc_program
from gradient_steps import batched
from layer_families import every

jax.config.update("jax_enable_x64", True)

# A step must train something: @tie, whose part of the loss is zero.
STEP = """nn.model @tie(%z: tensor<?x3x{element}>) -> tensor<?x1x{element}> {{
  %y = nn.dense %z {{units = 1}}
  nn.return %y
}}
nn.step @fit({arguments}) {{
  {body}
  %w = nn.call @tie(%z) : tensor<?x1x{element}>
  %zero = nn.mean_squared_error %w, %w
  {loss}
  nn.minimize %loss over [@tie] with #nn.sgd
}}
"""


def compare(case, batch, target, tolerance):
    random = np.random.default_rng(batch)
    element = "f64" if target == "reference" else "f32"
    dtype = np.float64 if target == "reference" else np.float32
    drawn, types = {}, []
    for key, (shape, draw) in {**case.inputs, "z": ((3,), np.random.Generator.standard_normal)}.items():
        value = draw(random, (batch, *shape))
        is_index = np.issubdtype(value.dtype, np.integer)
        drawn[key] = value.astype(np.int32 if is_index else dtype)
        types.append(f"%{key}: {batched(shape, 'i32' if is_index else element)}")
    loss = 'nn.metric "value" %value\n  %loss = nn.add %zero, %zero' if case.is_metric else "%loss = nn.add %value, %zero"
    text = STEP.format(element=element, arguments=", ".join(types), body=case.body, loss=loss)
    entry, output = ("evaluate", "value") if case.is_metric else ("gradient", "loss")
    program = nnc_program.compile_model(text, batch=batch, entries=f"init,{entry}", target=target)
    for valid in {batch, max(batch - 2, 1)}:
        instance = program.instance(workers=2, fill=0x7F)
        instance.run("init", seed=1)
        got = instance.run(f"fit.{entry}", **drawn, valid=valid)

        # The result for a short batch is that of a batch of its size.
        def loss(floats):
            values = {key: value[:valid] for key, value in {**drawn, **floats}.items()}
            return case.expected(values)

        floats = {key: value.astype(np.float64) for key, value in drawn.items() if value.dtype != np.int32}
        value, gradients = (loss(floats), {}) if case.is_metric else jax.value_and_grad(loss)(floats)
        where = f"{case.name} on {types}, {valid} of {batch} samples"
        np.testing.assert_allclose(got[output], value, rtol=tolerance, atol=tolerance, err_msg=where)
        compare_gradients(got, gradients, tolerance, where)


def compare_gradients(got, gradients, tolerance, where):
    for key, gradient in gradients.items():
        scale = max(float(jnp.max(jnp.abs(gradient))), 1e-6)
        np.testing.assert_allclose(
            got[key] / scale, gradient / scale, rtol=0, atol=tolerance, err_msg=f"{where}: d/d{key}"
        )


MODEL = """nn.model @m({x}) -> {result} {{
  %y = {line}
  nn.return %y
}}
nn.step @fit({x}, %goal: {result}) {{
  %y = nn.call @m(%x) : {result}
  %loss = nn.mean_squared_error %y, %goal {{half_sum}}
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""


def compare_layer(batch, layer, target, tolerance):
    """A layer of one input, %x: the gradients of input and parameters, the last sample being padding."""
    (x,) = layer.inputs
    element = "f64" if target == "reference" and not layer.makes_f32 else "f32"
    result = batched(layer.shape, element)
    text = MODEL.format(x=f"%x: {batched(x.shape, 'i32' if x.element == 'i32' else element)}", result=result, line=layer.line)
    program = nnc_program.compile_model(text, batch=batch, entries="init,gradient", target=target)
    instance = program.instance(workers=2, fill=0x7F, reverse=True)
    instance.run("init", seed=1)
    random = np.random.default_rng(batch)
    given = {"goal": random.standard_normal((batch, *layer.shape)).astype(np.float32)}
    given["x"] = (random.integers(0, x.bound, (batch, *x.shape)).astype(np.int32) if x.element == "i32"
                  else random.standard_normal((batch, *x.shape)).astype(np.float32))
    valid = max(batch - 1, 1)
    floats = {key: np.array(value, np.float64) for key, value in {**instance.parameters, **given}.items()
              if value.dtype != np.int32}

    def loss(floats):
        read = {key: value[:valid] for key, value in given.items()} | floats
        y = layer.formula(floats, f"m.{layer.op}", read["x"][:valid])
        penalty = layer.penalty(floats, f"m.{layer.op}") if layer.penalty else 0.0
        return 0.5 * jnp.sum((y - read["goal"][:valid]) ** 2) / valid + penalty

    got = instance.run("fit.gradient", **given, valid=valid)
    value, gradients = jax.value_and_grad(loss)(floats)
    where = f"{layer.line} on {x.shape}, {valid} of {batch} samples"
    np.testing.assert_allclose(got["loss"], value, rtol=tolerance, err_msg=where)
    compare_gradients(got, gradients, tolerance, where)


if __name__ == "__main__":
    target, tolerance = sys.argv[1], float(sys.argv[2])
    for case in every("jax_cases"):
        compare(case, 5, target, tolerance)
    for batch, layer in every("jax_layers"):
        compare_layer(batch, layer, target, tolerance)
