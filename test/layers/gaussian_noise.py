"""Gaussian noise."""

from gradient_functions import Case, Function, Input
from layer_family import Layer
from philox import random_layer, standard_normal


def gaussian_noise(x, stddev, random):
    return x + stddev * standard_normal(random.words(x.shape), x.dtype)


def gradient_cases():
    yield Case("nn.gaussian_noise", [
        Function([Input("x", shape)], """%seed = arith.constant dense<7> : tensor<i64>
    %step = arith.constant dense<3> : tensor<i64>
    %noisy = nn.gaussian_noise %x key(%seed, %step) {stddev = 0.5}
    %y = nn.tanh %noisy""", shape)
        for shape in [(1, 1), (1, 8), (5, 1), (3, 7), (4, 2, 3)]])


def draw(random, value, others):
    if value.element != "f32":
        return None
    stddev = float(random.choice([0.0, 0.1, 1.0]))
    return Layer(f"nn.gaussian_noise {value.name} {{stddev = {stddev}}}", [value], value.shape,
                 lambda p, layer, x: random_layer(p, x, lambda random: gaussian_noise(x, stddev, random)))


DRAWS = [draw]
