"""Optimisers, clipping, schedules and regularisers in compiled programs, against Keras' formulas in numpy's f64. The
bits of an update do not depend on how many workers there are, or in which order they work."""
import copy

import numpy as np

import nnc_program


class Sgd:
    def __init__(self, lr=0.01, momentum=0.0, nesterov=False):
        self.lr, self.momentum, self.nesterov, self.m = lr, momentum, nesterov, 0.0

    def update(self, parameter, gradient, step):
        if not self.momentum:
            return parameter - self.lr * gradient
        self.m = self.momentum * self.m - gradient * self.lr
        return parameter + (self.momentum * self.m - gradient * self.lr if self.nesterov else self.m)


class Adam:
    def __init__(self, lr=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-7, weight_decay=0.0):
        self.lr, self.beta_1, self.beta_2, self.epsilon, self.decay = lr, beta_1, beta_2, epsilon, weight_decay
        self.m = self.v = 0.0

    def update(self, parameter, gradient, step):
        parameter = parameter - parameter * self.decay * self.lr
        alpha = self.lr * np.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)
        self.m = self.m + (gradient - self.m) * (1 - self.beta_1)
        self.v = self.v + (gradient**2 - self.v) * (1 - self.beta_2)
        return parameter - self.m * alpha / (np.sqrt(self.v) + self.epsilon)


class RmsProp:
    def __init__(self, lr=0.001, rho=0.9, momentum=0.0, epsilon=1e-7, centered=False):
        self.lr, self.rho, self.momentum, self.epsilon, self.centered = lr, rho, momentum, epsilon, centered
        self.squares = self.average = self.m = 0.0

    def update(self, parameter, gradient, step):
        self.squares = self.rho * self.squares + (1 - self.rho) * gradient**2
        self.average = self.rho * self.average + (1 - self.rho) * gradient
        variance = self.squares - self.average**2 if self.centered else self.squares
        self.m = self.momentum * self.m + self.lr * gradient / np.sqrt(variance + self.epsilon)
        return parameter - self.m


class Adagrad:
    def __init__(self, lr=0.001, initial_accumulator_value=0.1, epsilon=1e-7):
        self.lr, self.total, self.epsilon = lr, initial_accumulator_value, epsilon

    def update(self, parameter, gradient, step):
        self.total = self.total + gradient**2
        return parameter - self.lr * gradient / np.sqrt(self.total + self.epsilon)


OPTIMIZERS = {
    "sgd": Sgd(),
    "sgd<lr = 0.1>": Sgd(0.1),
    "sgd<lr = 0.05, momentum = 0.9>": Sgd(0.05, 0.9),
    "sgd<lr = 0.05, momentum = 0.9, nesterov = true>": Sgd(0.05, 0.9, True),
    "adam": Adam(),
    "adam<lr = 0.01, beta_1 = 0.5, beta_2 = 0.9, epsilon = 0.001>": Adam(0.01, 0.5, 0.9, 1e-3),
    "adamw": Adam(weight_decay=0.004),
    "adamw<lr = 0.01, weight_decay = 0.5>": Adam(0.01, weight_decay=0.5),
    "rmsprop": RmsProp(),
    "rmsprop<lr = 0.01, rho = 0.5, momentum = 0.9>": RmsProp(0.01, 0.5, 0.9),
    "rmsprop<lr = 0.01, epsilon = 0.001, centered = true>": RmsProp(0.01, epsilon=1e-3, centered=True),
    "rmsprop<lr = 0.01, momentum = 0.9, epsilon = 0.001, centered = true>": RmsProp(0.01, 0.9, 0.9, 1e-3, True),
    "adagrad": Adagrad(),
    "adagrad<lr = 0.1, initial_accumulator_value = 0.0, epsilon = 0.01>": Adagrad(0.1, 0.0, 0.01),
}


def clip_by_value(gradients):
    return {name: np.clip(g, -0.05, 0.05) for name, g in gradients.items()}


def clip_by_norm(gradients):
    return {name: g * 0.25 / max(np.sqrt((g**2).sum()), 0.25) for name, g in gradients.items()}


def clip_by_global_norm(gradients):
    norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
    return {name: g * 0.25 / max(norm, 0.25) for name, g in gradients.items()}


CLIPPINGS = {
    "clipvalue = 0.05": clip_by_value,
    "clipnorm = 0.25": clip_by_norm,
    "global_clipnorm = 0.25": clip_by_global_norm,
}


def cosine(step, decay_steps, alpha=0.0):
    return (1 - alpha) * 0.5 * (1 + np.cos(np.pi * min(step, decay_steps) / decay_steps)) + alpha


# Of the number of updates done. A warm-up ends, a staircase steps and a cosine comes to its end within the steps taken.
SCHEDULES = {
    "exponential_decay<initial_learning_rate = 0.5, decay_steps = 7, decay_rate = 0.3>": lambda n: 0.5 * 0.3 ** (n / 7),
    "exponential_decay<initial_learning_rate = 0.5, decay_steps = 5, decay_rate = 0.3, staircase = true>":
        lambda n: 0.5 * 0.3 ** (n // 5),
    "inverse_time_decay<initial_learning_rate = 0.5, decay_steps = 7, decay_rate = 0.9>":
        lambda n: 0.5 / (1 + 0.9 * n / 7),
    "inverse_time_decay<initial_learning_rate = 0.5, decay_steps = 5, decay_rate = 0.9, staircase = true>":
        lambda n: 0.5 / (1 + 0.9 * (n // 5)),
    "polynomial_decay<initial_learning_rate = 0.5, decay_steps = 9>":
        lambda n: (0.5 - 1e-4) * (1 - min(n, 9) / 9) + 1e-4,
    "polynomial_decay<initial_learning_rate = 0.5, decay_steps = 5, end_learning_rate = 0.1, power = 1.7, "
    "cycle = true>":
        lambda n: 0.4 * (1 - n / (5 * max(np.ceil(n / 5), 1))) ** 1.7 + 0.1,
    "piecewise_constant_decay<boundaries = [2, 7], values = [0.5, 0.1, 0.3]>":
        lambda n: 0.5 if n <= 2 else 0.1 if n <= 7 else 0.3,
    "cosine_decay<initial_learning_rate = 0.5, decay_steps = 9, alpha = 0.2>": lambda n: 0.5 * cosine(n, 9, 0.2),
    "cosine_decay<initial_learning_rate = 0.1, decay_steps = 6, warmup_target = 0.5, warmup_steps = 4>":
        lambda n: 0.1 + 0.4 * n / 4 if n < 4 else 0.5 * cosine(n - 4, 6),
    "warmup<lr = 0.5, warmup_steps = 5>": lambda n: 0.5 * min(n / 5, 1),
    "warmup<lr = #nn.cosine_decay<initial_learning_rate = 0.5, decay_steps = 6>, warmup_steps = 4, "
    "initial_learning_rate = 0.1>": lambda n: 0.1 + 0.4 * n / 4 if n < 4 else 0.5 * cosine(n - 4, 6),
}
REGULARIZERS = {
    "": (lambda w: 0.0, lambda w: 0.0),
    ", kernel_regularizer = #nn.l1": (lambda w: 0.01 * np.abs(w).sum(), lambda w: 0.01 * np.sign(w)),
    ", kernel_regularizer = #nn.l2<0.5>": (lambda w: 0.5 * (w**2).sum(), lambda w: w),
}


def with_parameter(optimizer, text):
    """The text of an optimiser with one more parameter."""
    return f"{optimizer[:-1]}, {text}>" if optimizer.endswith(">") else f"{optimizer}<{text}>"


def check(optimizer, rule, target, type, tolerance, regularizer="", clip=lambda gradients: gradients, schedule=None,
          steps=20):
    penalty, penalty_gradient = REGULARIZERS[regularizer]
    text = f"""nn.model @m(%x: tensor<?x19x{type}>) -> tensor<?x3x{type}> {{
  %0 = nn.dense %x {{units = 3{regularizer}}}
  nn.return %0
}}
nn.step @fit(%x: tensor<?x19x{type}>, %y: tensor<?x3x{type}>) {{
  %p = nn.call @m(%x) : tensor<?x3x{type}>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.{optimizer}
}}
"""
    program = nnc_program.compile_model(text, batch=4, target=target)
    instances = [program.instance(fill=0xA5), program.instance(workers=2, reverse=True)]
    # The learning rate is an f32 whatever the model's type: one that it holds exactly.
    given = {} if schedule else {"learning_rate": 2.0 ** round(np.log2(rule.lr))}
    for instance in instances:
        instance.run("init", seed=3)
    parameters = {name: value.astype(np.float64) for name, value in instances[0].parameters.items()}
    rules = {name: copy.copy(rule) for name in parameters}
    random = np.random.default_rng(0)
    clippings = 0
    for step in range(1, steps + 1):
        x, y = (random.standard_normal((4, n)).astype(np.float32).astype(np.float64) for n in (19, 3))
        losses = [instance.run("fit.train", x=x, y=y, **given)["loss"] for instance in instances]
        kernel, bias = parameters["m.dense.kernel"], parameters["m.dense.bias"]
        difference = x @ kernel + bias - y
        np.testing.assert_allclose(losses[0], (difference**2).mean() + penalty(kernel), rtol=10 * tolerance)
        gradients = {"m.dense.kernel": 2 * x.T @ difference / difference.size + penalty_gradient(kernel),
                     "m.dense.bias": 2 * difference.sum(axis=0) / difference.size}
        clipped = clip(gradients)
        clippings += any(np.any(clipped[name] != gradients[name]) for name in gradients)
        for name, rule in rules.items():
            rule.lr = schedule(step - 1) if schedule else given["learning_rate"]
            parameters[name] = rule.update(parameters[name], clipped[name], step)
            np.testing.assert_allclose(instances[0].variables[name], parameters[name], rtol=tolerance, atol=tolerance,
                                       err_msg=f"{optimizer}: {name}, step {step}")
            np.testing.assert_array_equal(*(instance.variables[name] for instance in instances))
    return clippings


for kind in (("cpu", "f32", 1e-5), ("cpu", "f64", 1e-13), ("reference", "f64", 1e-13)):
    for optimizer, rule in OPTIMIZERS.items():
        check(optimizer, rule, *kind)
        for limit, clip in CLIPPINGS.items() if "<" not in optimizer else ():
            clippings = check(with_parameter(optimizer, limit), rule, *kind, clip=clip)
            assert clippings > 0, f"{optimizer}: {limit} limits nothing"
    for text, schedule in SCHEDULES.items():
        check(f"sgd<lr = #nn.{text}>", Sgd(), *kind, schedule=schedule)
    text, schedule = next(iter(SCHEDULES.items()))
    check(f"adamw<lr = #nn.{text}>", Adam(weight_decay=0.004), *kind, schedule=schedule)
    for regularizer in REGULARIZERS:
        check("sgd", Sgd(), *kind, regularizer)
