"""Compares layers and losses, each in a step of its own, with JAX in f64: layers_jax.py TARGET TOLERANCE. Computes in f64
on the reference target, else in f32."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import jax_reference as ref
import nnc_program

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
  %loss = nn.add %value, %zero
  nn.minimize %loss over [@tie] with #nn.sgd
}}
"""

SQUARED = "%value = nn.mean_squared_error %y, %t"


def squared(layer):
    return lambda v: ref.mean_squared_error(layer(v), v["t"])


def positive(random, shape):
    return random.uniform(0.05, 1.0, shape)


def distribution(random, shape):
    values = positive(random, shape)
    return values / values.sum(axis=-1, keepdims=True)


def wide(random, shape):
    return 200 * random.standard_normal(shape)


def normal(random, shape):
    return 2 * random.standard_normal(shape)


def classes(count):
    return lambda random, shape: random.integers(0, count, shape)


# Name, {input: (shape of a sample, how it is drawn)}, what computes %value, the same in JAX.
CASES = []


def case(name, inputs, body, expected):
    CASES.append((name, inputs, body, expected))


for shape in [(1,), (3, 5), (2, 1, 17)]:
    x, t = (shape, normal), (shape, normal)
    for name, function in ref.ACTIVATIONS.items():
        case(name, {"x": x, "t": t}, f"%y = nn.{name} %x\n  {SQUARED}", squared(lambda v, f=function: f(v["x"])))
    case(
        "gelu, approximate",
        {"x": x, "t": t},
        f"%y = nn.gelu %x {{approximate}}\n  {SQUARED}",
        squared(lambda v: jax.nn.gelu(v["x"], approximate=True)),
    )
    case(
        "add",
        {"x": x, "u": x, "t": t},
        f"%y = nn.add %x, %u, %x\n  {SQUARED}",
        squared(lambda v: 2 * v["x"] + v["u"]),
    )
    case("mse", {"y": x, "t": t}, SQUARED, lambda v: ref.mean_squared_error(v["y"], v["t"]))
    half = "%value = nn.mean_squared_error %y, %t {half_sum}"
    case("mse, half_sum", {"y": x, "t": t}, half, lambda v: ref.half_squared_error(v["y"], v["t"]))
    size = int(np.prod(shape))
    case(
        "flatten",
        {"x": x, "t": ((size,), normal)},
        f"%y = nn.flatten %x\n  {SQUARED}",
        squared(lambda v: v["x"].reshape(len(v["x"]), -1)),
    )
    case(
        "concat",
        {"x": x, "u": ((*shape[:-1], 4), normal), "t": ((*shape[:-1], shape[-1] + 4), normal)},
        f"%y = nn.concat %x, %u\n  {SQUARED}",
        squared(lambda v: jnp.concatenate([v["x"], v["u"]], axis=-1)),
    )
    for logits in (True, False):
        options, drawn = (" {from_logits}", normal) if logits else ("", positive)
        if not logits and shape[-1] == 1:
            continue  # a probability of 1 is clipped, and 1 - 1e-7 is another number in f32
        case(
            f"sparse cross-entropy{options}",
            {"y": (shape, drawn), "t": (shape[:-1], classes(shape[-1]))},
            f"%value = nn.sparse_categorical_crossentropy %y, %t{options}",
            lambda v, logits=logits: ref.sparse_categorical_crossentropy(v["y"], v["t"], logits),
        )
        case(
            f"cross-entropy{options}",
            {"y": (shape, drawn), "t": (shape, distribution)},
            f"%value = nn.categorical_crossentropy %y, %t{options}",
            lambda v, logits=logits: ref.categorical_crossentropy(v["y"], v["t"], logits),
        )
case(
    "reshape",
    {"x": ((3, 8), normal), "t": ((4, 2, 3), normal)},
    f"%y = nn.reshape %x {{shape = [4, -1, 3]}}\n  {SQUARED}",
    squared(lambda v: v["x"].reshape(-1, 4, 2, 3)),
)
case(
    "concat, axis",
    {"x": ((3, 2), normal), "u": ((1, 2), normal), "t": ((4, 2), normal)},
    f"%y = nn.concat %x, %u {{axis = 1}}\n  {SQUARED}",
    squared(lambda v: jnp.concatenate([v["x"], v["u"]], axis=1)),
)
# Where exp overflows. JAX's own derivative of a sigmoid, y (1 - y), loses its digits where y is near 1; that of this form
# does not.
SATURATED = {"sigmoid": lambda x: jnp.exp(-jnp.logaddexp(0.0, -x)), "silu": ref.ACTIVATIONS["silu"]}
for name, function in SATURATED.items():
    case(
        f"{name}, saturated",
        {"x": ((9,), wide), "t": ((9,), normal)},
        f"%y = nn.{name} %x\n  {SQUARED}",
        squared(lambda v, f=function: f(v["x"])),
    )


def compare(name, inputs, body, expected, batch, target, tolerance):
    random = np.random.default_rng(batch)
    element = "f64" if target == "reference" else "f32"
    dtype = np.float64 if target == "reference" else np.float32
    drawn, types = {}, []
    for key, (shape, draw) in {**inputs, "z": ((3,), normal)}.items():
        value = draw(random, (batch, *shape))
        is_index = np.issubdtype(value.dtype, np.integer)
        drawn[key] = value.astype(np.int32 if is_index else dtype)
        types.append(f"%{key}: tensor<{'x'.join(['?', *map(str, shape), 'i32' if is_index else element])}>")
    text = STEP.format(element=element, arguments=", ".join(types), body=body)
    program = nnc_program.compile_model(text, batch=batch, entries="init,gradient", target=target)
    for valid in {batch, max(batch - 2, 1)}:
        instance = program.instance(workers=2, fill=0x7F)
        instance.run("init", seed=1)
        got = instance.run("fit.gradient", **drawn, valid=valid)

        # The result for a short batch is that of a batch of its size.
        def loss(floats):
            values = {key: value[:valid] for key, value in {**drawn, **floats}.items()}
            return expected(values)

        floats = {key: value.astype(np.float64) for key, value in drawn.items() if value.dtype != np.int32}
        value, gradients = jax.value_and_grad(loss)(floats)
        where = f"{name} on {types}, {valid} of {batch} samples"
        np.testing.assert_allclose(got["loss"], value, rtol=tolerance, atol=tolerance, err_msg=where)
        for key, gradient in gradients.items():
            scale = max(float(jnp.max(jnp.abs(gradient))), 1e-6)
            np.testing.assert_allclose(
                got[key] / scale, gradient / scale, rtol=0, atol=tolerance, err_msg=f"{where}: d/d{key}"
            )


EMBEDDING = """nn.model @m(%t: tensor<?x{time}xi32>) -> tensor<?x{time}x{dim}xf32> {{
  %e = nn.embedding %t {{vocab = {vocab}, dim = {dim}}}
  nn.return %e
}}
nn.step @fit(%t: tensor<?x{time}xi32>, %y: tensor<?x{time}x{dim}xf32>) {{
  %e = nn.call @m(%t) : tensor<?x{time}x{dim}xf32>
  %loss = nn.mean_squared_error %e, %y {{half_sum}}
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""


def compare_embedding(vocab, dim, time, batch, target, tolerance):
    random = np.random.default_rng(vocab)
    text = EMBEDDING.format(vocab=vocab, dim=dim, time=time)
    program = nnc_program.compile_model(text, batch=batch, entries="init,gradient", target=target)
    instance = program.instance(workers=2, fill=0x7F, reverse=True)
    instance.run("init", seed=1)
    table = np.array(instance.parameters["m.embedding.embeddings"], np.float64)
    assert np.abs(table).max() <= 0.05
    tokens = random.integers(0, vocab, (batch, time)).astype(np.int32)
    y = random.standard_normal((batch, time, dim)).astype(np.float32)
    valid = max(batch - 1, 1)
    got = instance.run("fit.gradient", t=tokens, y=y, valid=valid)["m.embedding.embeddings"]
    gradient = jax.grad(lambda table: ref.half_squared_error(table[tokens[:valid]], y[:valid]))(table)
    np.testing.assert_allclose(got, gradient, rtol=0, atol=tolerance * np.abs(gradient).max())


if __name__ == "__main__":
    target, tolerance = sys.argv[1], float(sys.argv[2])
    for name, inputs, body, expected in CASES:
        compare(name, inputs, body, expected, 5, target, tolerance)
    for shape in [(11, 32, 6, 5), (7, 3, 1, 4), (9, 1, 4, 3), (50, 100, 5, 4), (2, 64, 9, 1)]:
        compare_embedding(*shape, target, max(tolerance, 2e-6))
