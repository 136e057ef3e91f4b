"""Add and concat."""

from gradient_steps import Case, steps_on_two_branches
from layer_family import Layer, jnp, layer_comparison, normal


def gradient_cases():
    yield Case("nn.add", steps_on_two_branches(lambda n: ("%y = nn.add %a, %b, %a", (2, n))))
    yield Case("nn.concat", steps_on_two_branches(lambda n: ("%y = nn.concat %a, %b", (2, 2 * n))))
    yield Case("nn.concat-axis", steps_on_two_branches(lambda n: ("%y = nn.concat %a, %b {axis = 1}", (4, n))))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        x = (shape, normal)
        yield layer_comparison("add", {"x": x, "u": x}, "%y = nn.add %x, %u, %x", shape, lambda v: 2 * v["x"] + v["u"])
        yield layer_comparison("concat", {"x": x, "u": ((*shape[:-1], 4), normal)}, "%y = nn.concat %x, %u",
                               (*shape[:-1], shape[-1] + 4), lambda v: jnp.concatenate([v["x"], v["u"]], axis=-1))
    yield layer_comparison("concat, axis", {"x": ((3, 2), normal), "u": ((1, 2), normal)},
                           "%y = nn.concat %x, %u {axis = 1}", (4, 2),
                           lambda v: jnp.concatenate([v["x"], v["u"]], axis=1))


def draw_add(random, value, others):
    fitting = [other for other in others if (other.shape, other.element) == (value.shape, "f32")]
    if not fitting or value.element != "f32":
        return None
    other = fitting[random.integers(len(fitting))]
    return Layer(f"nn.add {value.name}, {other.name}", [value, other], value.shape, lambda p, layer, x, y: x + y)


def draw_concat(random, value, others):
    """Along any axis in which alone another value differs."""
    def without(shape, axis):
        return shape[:axis] + shape[axis + 1:]

    choices = [(other, axis) for other in others if len(other.shape) == len(value.shape) and other.element == "f32"
               for axis in range(len(value.shape)) if without(other.shape, axis) == without(value.shape, axis)]
    if not choices or value.element != "f32":
        return None
    other, axis = choices[random.integers(len(choices))]
    shape = (*value.shape[:axis], value.shape[axis] + other.shape[axis], *value.shape[axis + 1:])
    return Layer(f"nn.concat {value.name}, {other.name} {{axis = {axis + 1}}}", [value, other], shape,
                 lambda p, layer, x, y: jnp.concatenate([x, y], axis=axis + 1))


DRAWS = [draw_add, draw_concat]
