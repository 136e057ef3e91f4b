"""Compares every family of test/layers/ with JAX in f64, loss and gradients: on the reference target, which computes in
f64, and on this machine's, in f32."""

import numpy as np

from beside_jax import compare, try_case, try_layer
from layer_families import every

TOLERANCES = {"cpu": 2e-6, "reference": 1e-12}


def check(name, got, expected, tolerance, where):
    """Values to a relative tolerance, gradients relative to their largest element."""
    if name.startswith("value"):
        np.testing.assert_allclose(got, expected, rtol=tolerance, err_msg=where)
    else:
        scale = max(float(np.max(np.abs(expected))), 1e-6)
        np.testing.assert_allclose(got / scale, expected / scale, rtol=0, atol=tolerance, err_msg=where)


trials = [*map(try_case, every("jax_cases")), *(try_layer(*one) for one in every("jax_layers"))]
for trial, results, (expected,) in compare(trials, TOLERANCES, np.float64):
    for target, got in results.items():
        assert set(got) == set(expected), f"{trial.where}: {set(got) ^ set(expected)}"
        for name, value in expected.items():
            check(name, got[name], value, TOLERANCES[target], f"{trial.where}, {target}: {name}")
print(f"{len(trials)} cases agree with JAX")
