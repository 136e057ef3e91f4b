"""Dropout: its gradient with the mask of the forward pass. (test/gradient/Inputs/dropout.py looks at the mask itself.)"""

from gradient_functions import Case, Function, Input
from layer_family import Layer


def gradient_cases():
    """As in training; the same numbers at every evaluation, since seed and step stay the same."""
    functions = []
    for shape in [(1, 1), (1, 8), (5, 1), (3, 7), (4, 2, 3)]:
        functions.append(Function([Input("x", shape)], f"""%seed = arith.constant dense<7> : tensor<i64>
    %step = arith.constant dense<3> : tensor<i64>
    %y = nn.dropout %x key(%seed, %step) {{rate = 0.4}}""", shape))
    yield Case("nn.dropout", functions)


def draw(random, value, others):
    """One that drops nothing: JAX draws other numbers."""
    if value.element != "f32":
        return None
    return Layer(f"nn.dropout {value.name} {{rate = 0.0}}", [value], value.shape, lambda p, layer, x: x)


DRAWS = [draw]
