"""Initialisers in compiled programs: what numbers they draw, against Philox and the formulas in Python."""
import os
import re
import subprocess

import numpy as np

import nnc_program

KINDS = {
    "glorot_uniform": 2 / (48 + 64),
    "glorot_normal": 2 / (48 + 64),
    "he_uniform": 2 / 48,
    "he_normal": 2 / 48,
    "lecun_uniform": 1 / 48,
    "lecun_normal": 1 / 48,
    "random_uniform": 0.1**2 / 12,
    "random_normal": 0.05**2,
    "truncated_normal": (0.05 * 0.87962566103423978) ** 2,
    "random_normal<mean = 2.0, stddev = 0.5>": 0.5**2,
    "constant<value = 0.25>": 0,
    "ones": 0,
    "zeros": 0,
}
MEANS = {"random_normal<mean = 2.0, stddev = 0.5>": 2, "constant<value = 0.25>": 0.25, "ones": 1}


def philox(seed, counter):
    """Four random words, as Salmon et al. publish it."""
    key, counter = [seed & 0xFFFFFFFF, seed >> 32], list(counter)
    for turn in range(10):
        if turn:
            key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
        first, second = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [
            (second >> 32) ^ counter[1] ^ key[0],
            second & 0xFFFFFFFF,
            (first >> 32) ^ counter[3] ^ key[1],
            first & 0xFFFFFFFF,
        ]
    return counter


def initialize(layers, seed, inputs=48, type="f32"):
    body = "".join(
        f'  %{i} = nn.dense %x {{units = {units}, name = "l{i}", use_bias = false, kernel_initializer = #nn.{kind}}}\n'
        for i, (units, kind) in enumerate(layers)
    )
    text = f"""nn.model @m(%x: tensor<?x{inputs}x{type}>) -> tensor<?x{layers[0][0]}x{type}> {{
{body}  nn.return %0
}}
"""
    instance = nnc_program.compile_model(text, entries="init").instance(fill=0xA5)
    instance.run("init", seed=seed)
    return [instance.variables[f"m.l{i}.kernel"].copy() for i in range(len(layers))]


def check_moments():
    values = initialize([(64, kind) for kind in KINDS], seed=1)
    for kernel, (kind, variance) in zip(values, KINDS.items()):
        mean = MEANS.get(kind, 0)
        # Five standard deviations of the sample's moments.
        np.testing.assert_allclose(kernel.mean(), mean, atol=5 * np.sqrt(variance / kernel.size) + 1e-7, err_msg=kind)
        np.testing.assert_allclose(kernel.var(), variance, rtol=5 * np.sqrt(2 / kernel.size), atol=1e-12, err_msg=kind)
        if "uniform" in kind:
            assert np.abs(kernel).max() <= np.sqrt(3 * variance) * (1 + 1e-6), kind
        if "glorot_normal" in kind or "he_normal" in kind or "truncated" in kind:
            assert np.abs(kernel).max() <= 2 * np.sqrt(variance) / 0.87962566103423978 * (1 + 1e-6), kind


def check_draws():
    """The same number as in Python for each element; for the same seed the same ones, for another one others."""
    seed = 0x0123456789ABCDEF
    (kernel,) = initialize([(5, "random_uniform<min = 0.0, max = 1.0>")], seed, inputs=3)
    (again,) = initialize([(5, "random_uniform<min = 0.0, max = 1.0>")], seed, inputs=3)
    (other,) = initialize([(5, "random_uniform<min = 0.0, max = 1.0>")], seed + 1, inputs=3)
    assert (kernel == again).all() and (kernel != other).any()
    words = (kernel.astype(np.float64) * 2**24).astype(np.int64)
    stream = find_stream()
    want = [[philox(seed, (column, row, 0, stream))[0] >> 8 for column in range(5)] for row in range(3)]
    np.testing.assert_array_equal(words, want)


def find_stream():
    """The stream of m.l0.kernel, as the compiler prints it."""
    text = """nn.model @m(%x: tensor<?x3xf32>) -> tensor<?x5xf32> {
  %0 = nn.dense %x {units = 5, name = "l0", use_bias = false}
  nn.return %0
}"""
    nnc_opt = os.path.join(nnc_program.BUILD_DIR, "bin", "nnc-opt")
    passes = ["--nn-materialize-params", "--nn-build-entries=entries=init", "--canonicalize"]
    printed = subprocess.run([nnc_opt, "-", *passes], input=text, capture_output=True, text=True, check=True).stdout
    constant = re.search(r"nn\.philox %\w+, \[.*, (%\w+)\]", printed).group(1)
    return int(re.search(rf"{re.escape(constant)} = arith.constant (\d+) : i64", printed).group(1))


def check_orthogonal():
    for inputs, units, type, tolerance in ((48, 16, "f32", 1e-6), (16, 48, "f32", 1e-6), (33, 33, "f64", 1e-14)):
        kernel, scaled = initialize([(units, "orthogonal"), (units, "orthogonal<gain = 2.0>")], 7, inputs, type)
        for matrix, gain in ((kernel, 1), (scaled, 2)):
            matrix = matrix.astype(np.float64)
            product = matrix @ matrix.T if inputs < units else matrix.T @ matrix
            np.testing.assert_allclose(product, gain**2 * np.eye(min(inputs, units)), atol=4 * tolerance)
        assert abs(kernel.mean()) < 5 / np.sqrt(kernel.size * max(inputs, units))


def check_unit_forget_bias():
    text = """nn.model @m(%x: tensor<?x3xf32>) -> tensor<?x8xf32> {
  %0 = nn.dense %x {units = 8, bias_initializer = #nn.unit_forget_bias}
  nn.return %0
}"""
    instance = nnc_program.compile_model(text, entries="init").instance(fill=0xA5)
    instance.run("init", seed=0)
    np.testing.assert_array_equal(instance.variables["m.dense.bias"], [0, 0, 1, 1, 0, 0, 0, 0])


check_moments()
check_draws()
check_unit_forget_bias()
check_orthogonal()
