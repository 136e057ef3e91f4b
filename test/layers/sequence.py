"""Masks of sequences. They are integers: a loss that takes them for classes has another value where one is wrong."""

from layer_families import formula
from layer_family import Comparison, classes, jnp, normal


def padding_mask(tokens, padding=0):
    return jnp.where(tokens != padding, 1, 0)


def sequence_mask(lengths, maxlen):
    return jnp.where(jnp.arange(maxlen) < lengths[:, None], 1, 0)


def comparison(line, shape, drawn, time, mask):
    """`line` makes %mask of %x; `mask` is the same in JAX."""
    return Comparison(line.split()[0].removeprefix("nn."), {"x": (shape, drawn), "y": ((time, 2), normal)}, f"""%mask = {line}
  %value = nn.sparse_categorical_crossentropy %y, %mask {{from_logits}}""",
                      lambda v: formula("sparse_categorical_crossentropy")(v["y"], mask(v["x"]), from_logits=True))


def jax_cases():
    for time in (1, 2, 5, 17, 64):
        yield comparison("nn.padding_mask %x", (time,), classes(3), time, padding_mask)
        yield comparison("nn.padding_mask %x {padding = 2}", (time,), classes(3), time, lambda x: padding_mask(x, 2))
        yield comparison(f"nn.sequence_mask %x {{maxlen = {time}}}", (), classes(time + 2), time,
                         lambda x, time=time: sequence_mask(x, time))
