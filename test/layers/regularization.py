"""Layers that act in training only. (test/gradient/Inputs/dropout.py looks at dropout's mask itself.)"""

import math

from gradient_functions import Case, Function, Input
from layer_family import Layer
from philox import keep_or_drop, random_layer, standard_normal


def dropout(x, rate, random):
    return keep_or_drop(x, random.words(x.shape)[0], rate)


def spatial_dropout_1d(x, rate, random):
    return keep_or_drop(x, random.words(x.shape, dims=[2])[0], rate)


def gaussian_dropout(x, rate, random):
    return x * (1 + math.sqrt(rate / (1 - rate)) * standard_normal(random.words(x.shape), x.dtype))


def training_case(op, attributes, shapes):
    """As in training; the same numbers at every evaluation, since seed and step stay the same."""
    return Case(op, [Function([Input("x", shape)], f"""%seed = arith.constant dense<7> : tensor<i64>
    %step = arith.constant dense<3> : tensor<i64>
    %y = {op} %x key(%seed, %step) {{{attributes}}}""", shape) for shape in shapes])


def gradient_cases():
    shapes = [(1, 1), (1, 8), (5, 1), (3, 7), (4, 2, 3)]
    yield training_case("nn.dropout", "rate = 0.4", shapes)
    yield training_case("nn.gaussian_dropout", "rate = 0.4", shapes)
    yield training_case("nn.spatial_dropout_1d", "rate = 0.4", [(1, 1, 1), (1, 4, 9), (5, 1, 3), (3, 7, 1), (4, 2, 3)])


def draw_random_layer(op, formula, dims=None):
    def draw(random, value, others):
        if value.element != "f32" or dims not in (None, len(value.shape)):
            return None
        rate = float(random.choice([0.0, 0.125, 0.3, 0.5]))
        return Layer(f"nn.{op} {value.name} {{rate = {rate}}}", [value], value.shape,
                     lambda p, layer, x: random_layer(p, x, lambda random: formula(x, rate, random)))

    return draw


DRAWS = [draw_random_layer("dropout", dropout), draw_random_layer("gaussian_dropout", gaussian_dropout),
         draw_random_layer("spatial_dropout_1d", spatial_dropout_1d, dims=2)]
