"""Pooling over all of time."""

from gradient_steps import Case, Step
from layer_family import Layer, classes, jax, jnp, layer_comparison, normal, tied


def shared_maximum(x, keepdims):
    """The maximum over time, whose gradient equal maxima share. Sorted, since XLA computes what it compares more than once,
    rounded otherwise each time, and then finds nothing that equals its maximum."""
    x = jnp.sort(x, axis=1)
    largest = x[:, -1:]
    shared = jnp.sum(jnp.where(x == largest, x, 0), axis=1, keepdims=True) / jnp.sum(x == largest, axis=1, keepdims=True)
    result = shared + jax.lax.stop_gradient(largest - shared)
    return result if keepdims else result[:, 0]


# (batch, time, features)
SIZES = [(1, 1, 1), (1, 5, 3), (3, 1, 4), (3, 7, 1), (4, 3, 9)]
FORMULAS = {
    "global_average_pooling_1d": lambda x, keepdims: x.mean(axis=1, keepdims=keepdims),
    "global_max_pooling_1d": shared_maximum,
}


def steps(op, keepdims):
    for batch, time, features in SIZES:
        flag = " {keepdims}" if keepdims else ""
        yield Step(batch, [("x", (time, 2), "f32")], f"""%h = nn.dense %x {{units = {features}}}
  %y = nn.{op} %h{flag}""", (1, features) if keepdims else (features,))


def masked_steps():
    for batch, time, features in SIZES:
        mask = [[(sample + step) % 3 for step in range(time)] for sample in range(batch)]
        yield Step(batch, [("x", (time, 2), "f32"), ("m", (time,), "i32")], f"""%h = nn.dense %x {{units = {features}}}
  %y = nn.global_average_pooling_1d %h mask(%m)""", (features,), values={"m": mask}, mutants=time > 1)


def gradient_cases():
    for op in FORMULAS:
        yield Case(f"nn.{op}", steps(op, False))
        yield Case(f"nn.{op}-keepdims", steps(op, True))
    yield Case("nn.global_average_pooling_1d-masked", masked_steps())


def masked_average(x, mask):
    valid = (mask != 0)[..., None]
    return jnp.sum(jnp.where(valid, x, 0), axis=1) / jnp.maximum(jnp.sum(valid, axis=1), 1)


def jax_cases():
    for _, time, features in SIZES:
        yield layer_comparison("global_average_pooling_1d, masked", {"x": ((time, features), normal), "m": ((time,), classes(2))},
                               "%y = nn.global_average_pooling_1d %x mask(%m)", (features,),
                               lambda v: masked_average(v["x"], v["m"]))
    for op, formula in FORMULAS.items():
        for _, time, features in SIZES:
            for drawn in (normal, tied):
                yield layer_comparison(op, {"x": ((time, features), drawn)}, f"%y = nn.{op} %x", (features,),
                                       lambda v, formula=formula: formula(v["x"], False))
        yield layer_comparison(f"{op}, keepdims", {"x": ((5, 3), tied)}, f"%y = nn.{op} %x {{keepdims}}", (1, 3),
                               lambda v, formula=formula: formula(v["x"], True))


def draw(random, value, others):
    if value.element != "f32" or len(value.shape) != 2:
        return None
    op, keepdims = random.choice([*FORMULAS]), random.random() < 0.5
    shape = (1, value.shape[1]) if keepdims else (value.shape[1],)
    return Layer(f"nn.{op} {value.name}{' {keepdims}' if keepdims else ''}", [value], shape,
                 lambda p, layer, x: FORMULAS[op](x, keepdims))


DRAWS = [draw]
