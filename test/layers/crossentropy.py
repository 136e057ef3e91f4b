"""Cross-entropies over classes."""

from gradient_steps import Case, loss_steps
from layer_family import DISTRIBUTION, LABEL, Comparison, Loss, classes, distribution, jax, jnp, normal, positive


def probabilities(y):
    """Keras' treatment of what is given as probabilities."""
    y = y / jnp.sum(y, axis=-1, keepdims=True)
    return jnp.clip(y, 1e-7, 1 - 1e-7)


def log_probabilities(y, from_logits):
    return jax.nn.log_softmax(y, axis=-1) if from_logits else jnp.log(probabilities(y))


def categorical_crossentropy(y, target, from_logits=False, label_smoothing=0.0):
    target = target * (1 - label_smoothing) + label_smoothing / y.shape[-1]
    return -jnp.mean(jnp.sum(target * log_probabilities(y, from_logits), axis=-1))


def sparse_categorical_crossentropy(y, label, from_logits=False, label_smoothing=0.0):
    if label_smoothing:
        return categorical_crossentropy(y, jax.nn.one_hot(label, y.shape[-1], dtype=y.dtype), from_logits, label_smoothing)
    log_p = log_probabilities(y, from_logits)
    return -jnp.mean(jnp.take_along_axis(log_p, label[..., None].astype(jnp.int32), axis=-1))


LOSSES = {
    "sparse, logits": Loss("nn.sparse_categorical_crossentropy %y, %target {from_logits}", LABEL,
                           lambda y, t: sparse_categorical_crossentropy(y, t, from_logits=True)),
    "sparse, softmax": Loss("nn.sparse_categorical_crossentropy %y, %target", LABEL,
                            lambda y, t: sparse_categorical_crossentropy(y, t, from_logits=True), "softmax"),
    "sparse, sigmoid": Loss("nn.sparse_categorical_crossentropy %y, %target", LABEL,
                            sparse_categorical_crossentropy, "sigmoid", least=2, probabilities=lambda y: jax.nn.sigmoid(y)),
    "sparse, smoothed": Loss("nn.sparse_categorical_crossentropy %y, %target {from_logits, label_smoothing = 0.25}", LABEL,
                             lambda y, t: sparse_categorical_crossentropy(y, t, True, 0.25)),
    "categorical, logits": Loss("nn.categorical_crossentropy %y, %target {from_logits}", DISTRIBUTION,
                                lambda y, t: categorical_crossentropy(y, t, from_logits=True)),
    "categorical, smoothed": Loss("nn.categorical_crossentropy %y, %target {label_smoothing = 0.25}", DISTRIBUTION,
                                  lambda y, t: categorical_crossentropy(y, t, True, 0.25), "softmax"),
}


def gradient_cases():
    # The exponentials are all zero, or none of them is a number, if not for their maximum.
    extreme = [(-1000.0, -1000.0, -1000.0), (800.0, 800.0, 800.0)]
    # The first class has probability 1.1e-7, between the least that is not clipped and one less the greatest, as floats;
    # 2e-9; and 0.
    clipped = [(-17.716, -0.5), (-21.0, -0.5), (-800.0, 0.0)]
    integers, floats = lambda n: ("i32", ()), lambda n: ("f32", (n,))  # noqa: E731
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
    # Of one op the smoothed forms are those of the other.
    yield Case("nn.sparse_categorical_crossentropy-smoothed",
               loss_steps("nn.sparse_categorical_crossentropy %y, %target {from_logits, label_smoothing = 0.2}", integers,
                          biases=extreme))
    yield Case("nn.sparse_categorical_crossentropy-smoothed-probabilities",
               loss_steps("nn.sparse_categorical_crossentropy %y, %target {label_smoothing = 0.2}", integers,
                          ", activation = sigmoid", clipped))
    yield Case("nn.categorical_crossentropy-smoothed",
               loss_steps("nn.categorical_crossentropy %y, %target {from_logits, label_smoothing = 0.2}", floats,
                          biases=extreme))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        for options in ({}, {"from_logits": True}, {"label_smoothing": 0.1}, {"from_logits": True, "label_smoothing": 0.3}):
            logits = "from_logits" in options
            if not logits and shape[-1] == 1:
                continue  # a probability of 1 is clipped, and 1 - 1e-7 is another number in f32
            drawn = normal if logits else positive
            text = ", ".join(name if value is True else f"{name} = {value}" for name, value in options.items())
            attributes = f" {{{text}}}" if text else ""
            yield Comparison(f"sparse cross-entropy{attributes}",
                             {"y": (shape, drawn), "t": (shape[:-1], classes(shape[-1]))},
                             f"%value = nn.sparse_categorical_crossentropy %y, %t{attributes}",
                             lambda v, options=options: sparse_categorical_crossentropy(v["y"], v["t"], **options))
            yield Comparison(f"cross-entropy{attributes}", {"y": (shape, drawn), "t": (shape, distribution)},
                             f"%value = nn.categorical_crossentropy %y, %t{attributes}",
                             lambda v, options=options: categorical_crossentropy(v["y"], v["t"], **options))
