"""Losses of numbers."""

from gradient_steps import Case, loss_steps
from layer_family import REAL, Comparison, Loss, jax, jnp, normal, tied


def mean_squared_error(y, target):
    return jnp.mean((y - target) ** 2)


def half_squared_error(y, target):
    """½‖ŷ − y‖² of a sample; mean over samples."""
    return jnp.mean(0.5 * jnp.sum((y - target) ** 2, axis=tuple(range(1, y.ndim))))


def mean_absolute_error(y, target):
    """As in TensorFlow and PyTorch the slope at 0 is 0; JAX's of jnp.abs is 1."""
    error = y - target
    return jnp.mean(error * jax.lax.stop_gradient(jnp.sign(error)))


def huber(y, target, delta=1.0):
    error = jnp.abs(y - target)
    return jnp.mean(jnp.where(error <= delta, 0.5 * error**2, delta * error - 0.5 * delta**2))


FORMS = {
    "mse": ("nn.mean_squared_error %y, %target", mean_squared_error),
    "mse, half sum": ("nn.mean_squared_error %y, %target {half_sum}", half_squared_error),
    "mae": ("nn.mean_absolute_error %y, %target", mean_absolute_error),
    "huber": ("nn.huber %y, %target", huber),
    "huber, delta": ("nn.huber %y, %target {delta = 0.4}", lambda y, t: huber(y, t, 0.4)),
}
LOSSES = {name: Loss(line, REAL, formula) for name, (line, formula) in FORMS.items()}


def gradient_cases():
    floats = lambda n: ("f32", (n,))  # noqa: E731
    yield Case("nn.mean_squared_error", loss_steps("nn.mean_squared_error %y, %target", floats))
    yield Case("nn.mean_squared_error-half", loss_steps("nn.mean_squared_error %y, %target {half_sum}", floats))
    yield Case("nn.mean_absolute_error", loss_steps("nn.mean_absolute_error %y, %target", floats, equal=True))
    yield Case("nn.huber", loss_steps("nn.huber %y, %target", floats))
    yield Case("nn.huber-delta", loss_steps("nn.huber %y, %target {delta = 0.4}", floats))


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        for name, (line, formula) in FORMS.items():
            # Equal predictions and targets among them.
            for drawn in (normal, tied):
                yield Comparison(name, {"y": (shape, drawn), "target": (shape, drawn)}, f"%value = {line}",
                                 lambda v, formula=formula: formula(v["y"], v["target"]))
