"""Metrics."""

from layer_family import Comparison, classes, jnp, normal, positive, tied, zero_or_one


def accuracy(y, label):
    return jnp.mean(jnp.argmax(y, axis=-1) == label, dtype=y.dtype)


def binary_accuracy(y, target, threshold=0.5):
    return jnp.mean((y > threshold) == (target == 1), dtype=y.dtype)


def sparse_top_k_categorical_accuracy(y, label, k=5):
    own = jnp.take_along_axis(y, label[..., None], axis=-1)
    return jnp.mean(jnp.sum(y > own, axis=-1) < k, dtype=y.dtype)


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        label = (shape[:-1], classes(shape[-1]))
        for drawn in (normal, tied):
            y, t = (shape, drawn), (shape, drawn)
            yield Comparison("accuracy", {"y": y, "t": label}, "%value = nn.accuracy %y, %t",
                             lambda v: accuracy(v["y"], v["t"]), is_metric=True)
            yield Comparison("categorical accuracy", {"y": y, "t": t}, "%value = nn.categorical_accuracy %y, %t",
                             lambda v: accuracy(v["y"], jnp.argmax(v["t"], axis=-1)), is_metric=True)
            yield Comparison("binary accuracy", {"y": y, "t": (shape, zero_or_one)},
                             "%value = nn.binary_accuracy %y, %t {threshold = 1}",
                             lambda v: binary_accuracy(v["y"], v["t"], 1), is_metric=True)
            for k in (1, 2, 5, 20):
                yield Comparison(f"first {k}", {"y": y, "t": label},
                                 f"%value = nn.sparse_top_k_categorical_accuracy %y, %t {{k = {k}}}",
                                 lambda v, k=k: sparse_top_k_categorical_accuracy(v["y"], v["t"], k), is_metric=True)
            yield Comparison("first 5, distribution", {"y": y, "t": t}, "%value = nn.top_k_categorical_accuracy %y, %t",
                             lambda v: sparse_top_k_categorical_accuracy(v["y"], jnp.argmax(v["t"], axis=-1)),
                             is_metric=True)
        yield Comparison("binary accuracy, default", {"y": (shape, positive), "t": (shape, zero_or_one)},
                         "%value = nn.binary_accuracy %y, %t", lambda v: binary_accuracy(v["y"], v["t"]), is_metric=True)
