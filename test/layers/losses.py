"""Losses: means over the samples."""

from gradient_steps import Case, loss_steps
from layer_family import (DISTRIBUTION, LABEL, REAL, SQUARED, Comparison, Loss, classes, distribution, jax, jnp, normal,
                          positive)


def probabilities(y):
    """Keras' treatment of what is given as probabilities."""
    y = y / jnp.sum(y, axis=-1, keepdims=True)
    return jnp.clip(y, 1e-7, 1 - 1e-7)


def log_probabilities(y, from_logits):
    return jax.nn.log_softmax(y, axis=-1) if from_logits else jnp.log(probabilities(y))


def sparse_categorical_crossentropy(y, label, from_logits=False):
    log_p = log_probabilities(y, from_logits)
    return -jnp.mean(jnp.take_along_axis(log_p, label[..., None].astype(jnp.int32), axis=-1))


def categorical_crossentropy(y, target, from_logits=False):
    return -jnp.mean(jnp.sum(target * log_probabilities(y, from_logits), axis=-1))


def mean_squared_error(y, target):
    return jnp.mean((y - target) ** 2)


def half_squared_error(y, target):
    """½‖ŷ − y‖² of a sample; mean over samples."""
    return jnp.mean(0.5 * jnp.sum((y - target) ** 2, axis=tuple(range(1, y.ndim))))


LOSSES = {
    "sparse, logits": Loss("nn.sparse_categorical_crossentropy %y, %target {from_logits}", LABEL,
                           lambda y, t: sparse_categorical_crossentropy(y, t, from_logits=True)),
    "sparse, softmax": Loss("nn.sparse_categorical_crossentropy %y, %target", LABEL,
                            lambda y, t: sparse_categorical_crossentropy(y, t, from_logits=True), "softmax"),
    "sparse, sigmoid": Loss("nn.sparse_categorical_crossentropy %y, %target", LABEL,
                            lambda y, t: sparse_categorical_crossentropy(jax.nn.sigmoid(y), t), "sigmoid", least=2),
    "categorical, logits": Loss("nn.categorical_crossentropy %y, %target {from_logits}", DISTRIBUTION,
                                lambda y, t: categorical_crossentropy(y, t, from_logits=True)),
    "mse": Loss("nn.mean_squared_error %y, %target", REAL, mean_squared_error),
    "mse, half sum": Loss("nn.mean_squared_error %y, %target {half_sum}", REAL, half_squared_error),
}


def gradient_cases():
    # The exponentials are all zero, or none of them is a number, if not for their maximum.
    extreme = [(-1000.0, -1000.0, -1000.0), (800.0, 800.0, 800.0)]
    # The first class has probability 1.1e-7, between the least that is not clipped and one less the greatest, as floats;
    # 2e-9; and 0.
    clipped = [(-17.716, -0.5), (-21.0, -0.5), (-800.0, 0.0)]
    integers, floats = lambda n: ("i32", ()), lambda n: ("f32", (n,))  # noqa: E731
    yield Case("nn.mean_squared_error", loss_steps("nn.mean_squared_error %y, %target", floats))
    yield Case("nn.mean_squared_error-half", loss_steps("nn.mean_squared_error %y, %target {half_sum}", floats))
    yield Case("nn.sparse_categorical_crossentropy",
               loss_steps("nn.sparse_categorical_crossentropy %y, %target {from_logits}", integers, biases=extreme))
    yield Case("nn.sparse_categorical_crossentropy-softmax",
               loss_steps("nn.sparse_categorical_crossentropy %y, %target", integers, ", activation = softmax", extreme))
    yield Case("nn.sparse_categorical_crossentropy-probabilities",
               loss_steps("nn.sparse_categorical_crossentropy %y, %target", integers, ", activation = sigmoid", clipped))
    yield Case("nn.categorical_crossentropy",
               loss_steps("nn.categorical_crossentropy %y, %target {from_logits}", floats, biases=extreme))
    yield Case("nn.categorical_crossentropy-probabilities",
               loss_steps("nn.categorical_crossentropy %y, %target", floats, ", activation = sigmoid", clipped))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        y = (shape, normal)
        yield Comparison("mse", {"y": y, "t": y}, SQUARED, lambda v: mean_squared_error(v["y"], v["t"]))
        yield Comparison("mse, half_sum", {"y": y, "t": y}, SQUARED + " {half_sum}",
                         lambda v: half_squared_error(v["y"], v["t"]))
        for logits in (True, False):
            options, drawn = (" {from_logits}", normal) if logits else ("", positive)
            if not logits and shape[-1] == 1:
                continue  # a probability of 1 is clipped, and 1 - 1e-7 is another number in f32
            yield Comparison(f"sparse cross-entropy{options}",
                             {"y": (shape, drawn), "t": (shape[:-1], classes(shape[-1]))},
                             f"%value = nn.sparse_categorical_crossentropy %y, %t{options}",
                             lambda v, logits=logits: sparse_categorical_crossentropy(v["y"], v["t"], logits))
            yield Comparison(f"cross-entropy{options}", {"y": (shape, drawn), "t": (shape, distribution)},
                             f"%value = nn.categorical_crossentropy %y, %t{options}",
                             lambda v, logits=logits: categorical_crossentropy(v["y"], v["t"], logits))
