"""A random optimiser, as text and in JAX: every kind, with a number or a schedule as its learning rate, clipped or not.
Schedules are short, so that three updates see them move."""

import jax_reference as ref

# Text and rule of each, of a learning rate.
OPTIMIZERS = [
    ("sgd", "", ref.sgd),
    ("sgd", "momentum = 0.9", lambda lr: ref.sgd(lr, 0.9)),
    ("sgd", "momentum = 0.5, nesterov = true", lambda lr: ref.sgd(lr, 0.5, True)),
    ("adam", "", ref.adam),
    ("adam", "beta_1 = 0.5, beta_2 = 0.9, epsilon = 1.0e-3", lambda lr: ref.adam(lr, 0.5, 0.9, 1e-3)),
    ("adamw", "weight_decay = 0.1", lambda lr: ref.adamw(lr, weight_decay=0.1)),
    ("rmsprop", "", ref.rmsprop),
    ("rmsprop", "rho = 0.8, momentum = 0.5, epsilon = 1.0e-4, centered = true",
     lambda lr: ref.rmsprop(lr, 0.8, 0.5, 1e-4, True)),
    ("adagrad", "", ref.adagrad),
    ("adagrad", "initial_accumulator_value = 1.0", lambda lr: ref.adagrad(lr, 1.0)),
]
RATES = [
    ("5.0e-2", 0.05),
    ("1.0e-3", 0.001),
    ("#nn.exponential_decay<initial_learning_rate = 5.0e-2, decay_steps = 3, decay_rate = 0.7>",
     ref.exponential_decay(0.05, 3, 0.7)),
    ("#nn.exponential_decay<initial_learning_rate = 5.0e-2, decay_steps = 2, decay_rate = 0.7, staircase = true>",
     ref.exponential_decay(0.05, 2, 0.7, True)),
    ("#nn.inverse_time_decay<initial_learning_rate = 5.0e-2, decay_steps = 2, decay_rate = 0.5>",
     ref.inverse_time_decay(0.05, 2, 0.5)),
    ("#nn.polynomial_decay<initial_learning_rate = 5.0e-2, decay_steps = 2, power = 2.0, cycle = true>",
     ref.polynomial_decay(0.05, 2, power=2.0, cycle=True)),
    ("#nn.piecewise_constant_decay<boundaries = [1], values = [5.0e-2, 1.0e-2]>",
     ref.piecewise_constant_decay([1], [0.05, 0.01])),
    ("#nn.cosine_decay<initial_learning_rate = 5.0e-2, decay_steps = 4, alpha = 0.1>", ref.cosine_decay(0.05, 4, 0.1)),
    ("#nn.warmup<lr = 5.0e-2, warmup_steps = 2>", ref.warmup(0.05, 2)),
]
CLIPPINGS = [("", {}), ("", {}), ("clipvalue = 5.0e-2", {"value": 0.05}), ("clipnorm = 1.5e-1", {"norm": 0.15}),
             ("global_clipnorm = 4.0e-1", {"global_norm": 0.4})]


def in_the_type_of(rate):
    """A schedule whose numbers have the type of the step, as the rest of an update has."""
    return (lambda step: rate(step).astype(step.dtype)) if callable(rate) else rate


def draw_optimizer(random):
    """The attribute's text, and jax_reference's Optimizer."""
    name, own, rule = random.choice(OPTIMIZERS)
    rate_text, rate = random.choice(RATES)
    clipping_text, clipping = random.choice(CLIPPINGS)
    parts = ", ".join(part for part in (f"lr = {rate_text}", own, clipping_text) if part)
    optimizer = rule(in_the_type_of(rate))
    return f"#nn.{name}<{parts}>", ref.clipped(optimizer, **clipping) if clipping else optimizer
