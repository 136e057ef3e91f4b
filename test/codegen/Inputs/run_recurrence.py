"""Runs recurrence.mlir and compares it with numpy, with workers dealt in both orders: run_recurrence.py FILE TARGET."""
import sys

import numpy as np

import nnc_program

path, target = sys.argv[1:]
program = nnc_program.compile_model(path, target=target)
random = np.random.default_rng(0)
x, u = random.standard_normal((3, 6, 4)).astype(np.float32), random.standard_normal((4, 4)).astype(np.float32)
results = []
for workers, reverse, fill in ((1, False, 0), (2, True, 0xA5), (3, False, 0xFF)):
    instance = program.instance(workers=workers, reverse=reverse, fill=fill)
    instance.variables["m.u"][...] = u
    outputs = instance.run("fit.train", x=x, learning_rate=0.5)
    results.append([outputs["sequence"], outputs["last"], instance.variables["m.u"].copy()])
h = np.zeros((6, 4))
for t in range(3):
    h = (h @ u.astype(float) + x[t]) * 0.5
    np.testing.assert_allclose(results[0][0][t], h, rtol=1e-5, atol=1e-6)
np.testing.assert_array_equal(results[0][1], results[0][0][2])
np.testing.assert_allclose(results[0][2], u * 0.5, rtol=1e-6)
for other in results[1:]:
    for a, b in zip(results[0], other):
        np.testing.assert_array_equal(a, b)
