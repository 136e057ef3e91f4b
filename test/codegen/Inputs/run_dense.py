"""Runs dense.mlir and compares three steps of it with numpy in f64: run_dense.py FILE TARGET TOLERANCE."""
import sys

import numpy as np

import nnc_program

path, target, tolerance = sys.argv[1], sys.argv[2], float(sys.argv[3])
instance = nnc_program.compile_model(path, target=target).instance(fill=0xA5)
instance.run("init", seed=0)
kernel, bias = np.arange(1.0, 7.0).reshape(3, 2), np.full(2, 0.5)
random = np.random.default_rng(0)
for step in range(3):
    x = random.standard_normal((4, 3)).astype(np.float32).astype(np.float64)
    goal = random.standard_normal((4, 2)).astype(np.float32).astype(np.float64)
    loss = instance.run("fit.train", x=x, target=goal, learning_rate=0.125)["loss"]
    difference = x @ kernel + bias - goal
    np.testing.assert_allclose(loss, 0.5 * (difference**2).sum(), rtol=10 * tolerance)
    kernel, bias = kernel - 0.125 * x.T @ difference, bias - 0.125 * difference.sum(0)
    np.testing.assert_allclose(instance.variables["m.dense.kernel"], kernel, rtol=tolerance, atol=10 * tolerance)
    np.testing.assert_allclose(instance.variables["m.dense.bias"], bias, rtol=tolerance, atol=10 * tolerance)
assert instance.variables["step"] == 3
