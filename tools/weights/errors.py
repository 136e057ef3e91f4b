"""What is wrong with a file or a network, in words for the person who named it."""


class WeightsError(Exception):
    pass


def shapes_text(shapes):
    """`kernel [3, 4], bias [4]`."""
    return ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())
