"""Optimisers and regularisers in compiled programs, against Keras' formulas in numpy's f64."""
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


OPTIMIZERS = {
    "sgd": Sgd(),
    "sgd<lr = 0.1>": Sgd(0.1),
    "sgd<lr = 0.05, momentum = 0.9>": Sgd(0.05, 0.9),
    "sgd<lr = 0.05, momentum = 0.9, nesterov = true>": Sgd(0.05, 0.9, True),
    "adam": Adam(),
    "adam<lr = 0.01, beta_1 = 0.5, beta_2 = 0.9, epsilon = 0.001>": Adam(0.01, 0.5, 0.9, 1e-3),
    "adamw": Adam(weight_decay=0.004),
    "adamw<lr = 0.01, weight_decay = 0.5>": Adam(0.01, weight_decay=0.5),
}
REGULARIZERS = {
    "": (lambda w: 0.0, lambda w: 0.0),
    ", kernel_regularizer = #nn.l1": (lambda w: 0.01 * np.abs(w).sum(), lambda w: 0.01 * np.sign(w)),
    ", kernel_regularizer = #nn.l2<0.5>": (lambda w: 0.5 * (w**2).sum(), lambda w: w),
}


def check(optimizer, rule, regularizer, type, tolerance, steps=12):
    penalty, penalty_gradient = REGULARIZERS[regularizer]
    text = f"""nn.model @m(%x: tensor<?x19x{type}>) -> tensor<?x3x{type}> {{
  %0 = nn.dense %x {{units = 3, use_bias = false{regularizer}}}
  nn.return %0
}}
nn.step @fit(%x: tensor<?x19x{type}>, %y: tensor<?x3x{type}>) {{
  %p = nn.call @m(%x) : tensor<?x3x{type}>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.{optimizer}
}}
"""
    program = nnc_program.compile_model(text, batch=4)
    instance = program.instance(fill=0xA5)
    # The learning rate is an f32 whatever the model's type: one that it holds exactly.
    rule = copy.copy(rule)
    rule.lr = 2.0 ** round(np.log2(rule.lr))
    instance.run("init", seed=3)
    kernel = instance.variables["m.dense.kernel"].astype(np.float64)
    random = np.random.default_rng(0)
    for step in range(1, steps + 1):
        x, y = (random.standard_normal((4, n)).astype(np.float32).astype(np.float64) for n in (19, 3))
        loss = instance.run("fit.train", x=x, y=y, learning_rate=rule.lr)["loss"]
        difference = x @ kernel - y
        np.testing.assert_allclose(loss, (difference**2).mean() + penalty(kernel), rtol=10 * tolerance)
        gradient = 2 * x.T @ difference / difference.size + penalty_gradient(kernel)
        kernel = rule.update(kernel, gradient, step)
        np.testing.assert_allclose(
            instance.variables["m.dense.kernel"], kernel, rtol=tolerance, atol=tolerance, err_msg=f"step {step}"
        )


for type, tolerance in (("f32", 1e-5), ("f64", 1e-13)):
    for optimizer, rule in OPTIMIZERS.items():
        check(optimizer, rule, "", type, tolerance)
    for regularizer in REGULARIZERS:
        check("sgd", Sgd(), regularizer, type, tolerance)
