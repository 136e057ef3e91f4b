"""Dropout in a compiled step: the share it drops, the identity outside training, other masks in other steps, and a
gradient with the mask of its forward pass."""
import numpy as np

import nnc_program

MODEL = """nn.model @m(%x: tensor<?x8x16xf32>) -> tensor<?x8x16xf32> {
  %h = nn.dense %x {units = 16, use_bias = false, kernel_initializer = zeros}
  %y = nn.dropout %h {rate = 0.25}
  nn.return %y
}
nn.step @fit(%x: tensor<?x8x16xf32>, %t: tensor<?x8x16xf32>) {
  %y = nn.call @m(%x) : tensor<?x8x16xf32>
  %loss = nn.mean_squared_error %y, %t {half_sum}
  nn.minimize %loss over [@m] with #nn.sgd<lr = 1.0>
}
"""
BATCH = 64
program = nnc_program.compile_model(MODEL, batch=BATCH, entries="init,train,predict")
ones, zeros = np.ones((BATCH, 8, 16), np.float32), np.zeros((BATCH, 8, 16), np.float32)


def step(seed, steps=1, reverse=False):
    """The loss of a step on the identity, and what it subtracts from the weights."""
    instance = program.instance(workers=2, reverse=reverse)
    instance.run("init", seed=1)
    kernel = instance.parameters["m.dense.kernel"]
    for _ in range(steps):
        kernel[...] = np.eye(16)
        loss = instance.run("fit.train", x=ones, t=zeros, seed=seed)["loss"]
    return instance, loss, np.eye(16, dtype=np.float32) - kernel


instance, loss, update = step(seed=5)
# ½ Σ y² over a sample's 128 elements, y = 4/3 for the three quarters that are kept.
kept = loss / (0.5 * 128 * (4 / 3) ** 2)
assert abs(kept - 0.75) < 0.02, kept
# dL/dW[i, j] = mean over samples of Σ x_i · mask_j · y_j: all rows alike; together twice the loss, if the masks agree.
assert np.allclose(update, update[0], rtol=1e-5)
assert np.isclose(update[0].sum(), 2 * loss, rtol=1e-5), (update[0].sum(), 2 * loss)
assert step(seed=5, reverse=True)[1] == loss
assert step(seed=6)[1] != loss and step(seed=5, steps=2)[1] != loss

instance.parameters["m.dense.kernel"][...] = np.eye(16)
assert np.array_equal(instance.run("m.predict", x=ones)["prediction"], ones)
