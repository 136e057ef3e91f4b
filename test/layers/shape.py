"""Flatten and reshape."""

import math

from gradient_steps import Case, steps_on_dense
from layer_family import Layer, layer_comparison, normal


def gradient_cases():
    yield Case("nn.flatten", steps_on_dense(lambda n: ("%y = nn.flatten %h", (2 * n,))))
    yield Case("nn.reshape", steps_on_dense(lambda n: (f"%y = nn.reshape %h {{shape = [{n}, -1]}}", (n, 2))))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        yield layer_comparison("flatten", {"x": (shape, normal)}, "%y = nn.flatten %x", (math.prod(shape),),
                               lambda v: v["x"].reshape(len(v["x"]), -1))
    yield layer_comparison("reshape", {"x": ((3, 8), normal)}, "%y = nn.reshape %x {shape = [4, -1, 3]}", (4, 2, 3),
                           lambda v: v["x"].reshape(-1, 4, 2, 3))


def reshaped(line, value, shape):
    return Layer(line, [value], shape, lambda p, layer, x: x.reshape(len(x), *shape))


def draw_flatten(random, value, others):
    return reshaped(f"nn.flatten {value.name}", value, (math.prod(value.shape),)) if value.element == "f32" else None


def draw_reshape(random, value, others):
    """As [first, rest] for a divisor of the number of elements."""
    if value.element != "f32":
        return None
    count = math.prod(value.shape)
    first = int(random.choice([d for d in range(1, count + 1) if count % d == 0]))
    return reshaped(f"nn.reshape {value.name} {{shape = [{first}, -1]}}", value, (first, count // first))


DRAWS = [draw_flatten, draw_reshape]
