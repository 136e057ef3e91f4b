"""The binary cross-entropy."""

from gradient_steps import Case, Step, loss_steps
from layer_family import BINARY, Comparison, Loss, jax, jnp, normal, positive, tied, wide, zero_or_one


def binary_crossentropy(y, target, from_logits=False, label_smoothing=0.0):
    target = target * (1 - label_smoothing) + label_smoothing / 2
    if from_logits:
        return jnp.mean(jnp.logaddexp(y, 0) - y * target)
    p = jnp.clip(y, 1e-7, 1 - 1e-7)
    return -jnp.mean(target * jnp.log(p) + (1 - target) * jnp.log(1 - p))


LOSSES = {
    "binary, logits": Loss("nn.binary_crossentropy %y, %target {from_logits}", BINARY,
                           lambda y, t: binary_crossentropy(y, t, from_logits=True)),
    "binary, sigmoid": Loss("nn.binary_crossentropy %y, %target {label_smoothing = 0.25}", BINARY,
                            lambda y, t: binary_crossentropy(y, t, True, 0.25), "sigmoid"),
    "binary, softmax": Loss("nn.binary_crossentropy %y, %target", BINARY,
                            binary_crossentropy, "softmax", least=2, probabilities=lambda y: jax.nn.softmax(y)),
}


def gradient_cases():
    floats = lambda n: ("f32", (n,))  # noqa: E731
    # Exponentials that are zero, or no numbers if not for the magnitude; the slope's kinks cancel at zero.
    extreme = [(-1000.0, 800.0, 20.0), (0.0, 0.0, 0.0)]
    yield Case("nn.binary_crossentropy", loss_steps("nn.binary_crossentropy %y, %target {from_logits}", floats,
                                                    biases=extreme))
    yield Case("nn.binary_crossentropy-sigmoid", loss_steps("nn.binary_crossentropy %y, %target", floats,
                                                            ", activation = sigmoid", extreme))
    for name, options in (("probabilities", ""), ("smoothed", " {label_smoothing = 0.2}")):
        line = f"nn.binary_crossentropy %y, %target{options}"
        # Of what is no probability all is clipped, as here of many; 2e-9, beside others, is too.
        least = Step(1, [("x", (1,), "f32")], "%y = nn.dense %x {units = 3, use_bias = false}", (3,), line,
                     values={"x": [[4.5e-5]], "kernel": [[4.5e-5, 2e4, 1e4]]})
        yield Case(f"nn.binary_crossentropy-{name}", [*loss_steps(line, floats, ", use_bias = false"), least])


def jax_cases():
    for shape in [(1,), (3, 5), (2, 1, 17)]:
        for drawn in (normal, wide, tied):
            yield Comparison("binary cross-entropy, logits", {"y": (shape, drawn), "t": (shape, zero_or_one)},
                             "%value = nn.binary_crossentropy %y, %t {from_logits, label_smoothing = 0.1}",
                             lambda v: binary_crossentropy(v["y"], v["t"], True, 0.1))
        yield Comparison("binary cross-entropy", {"y": (shape, positive), "t": (shape, zero_or_one)},
                         "%value = nn.binary_crossentropy %y, %t {label_smoothing = 0.1}",
                         lambda v: binary_crossentropy(v["y"], v["t"], label_smoothing=0.1))
