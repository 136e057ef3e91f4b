"""Runs what upstream leaves undefined, on values that no constant tells of, and compares with what nnc says of them."""
import sys

import numpy as np

import nnc_program

ROWS = "tensor<?x4xi32>"


def body(name, text, result="i32"):
    maps = ", ".join(["affine_map<(b, i) -> (b, i)>"] * 3)
    return f"""
nn.model @{name}(%x: {ROWS}, %y: {ROWS}) -> tensor<?x4x{result}> {{
  %c0 = arith.constant 0 : index
  %batch = tensor.dim %x, %c0 : {ROWS}
  %e = tensor.empty(%batch) : tensor<?x4x{result}>
  %table = arith.constant dense<[10, 11, 12]> : tensor<3xi32>
  %z = linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %y : {ROWS}, {ROWS}) outs(%e : tensor<?x4x{result}>) {{
    ^bb0(%a: i32, %b: i32, %old: {result}):
      {text}
      linalg.yield %r : {result}
  }} -> tensor<?x4x{result}>
  nn.return %z
}}"""


def op(name):
    return body(name, f"%r = arith.{name} %a, %b : i32")


MODELS = "".join(op(name) for name in ["divsi", "remsi", "divui", "remui", "shli", "shrsi", "shrui"])
MODELS += body("extract", "%i = arith.index_cast %a : i32 to index\n%r = tensor.extract %table[%i] : tensor<3xi32>")
MODELS += body("fptosi", """%f = arith.sitofp %a : i32 to f32
      %g = arith.sitofp %b : i32 to f32
      %q = arith.divf %f, %g : f32
      %big = arith.constant 1.0e9 : f32
      %s = arith.mulf %q, %big : f32
      %r = arith.fptosi %s : f32 to i32""")
MODELS += f"""
nn.model @slice(%x: {ROWS}, %y: {ROWS}) -> tensor<?x2xi32> {{
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9000000000 : index
  %table = arith.constant dense<[10, 11, 12]> : tensor<3xi32>
  %far = arith.constant 4000000000 : index
  %first = arith.constant dense<0> : tensor<2xi32>
  %s = scf.for %i = %c0 to %c9 step %far iter_args(%old = %first) -> tensor<2xi32> {{
    %t = tensor.extract_slice %table[%i] [2] [1] : tensor<3xi32> to tensor<2xi32>
    %sum = arith.addi %old, %t : tensor<2xi32>
    scf.yield %sum : tensor<2xi32>
  }}
  %batch = tensor.dim %x, %c0 : {ROWS}
  %e = tensor.empty(%batch) : tensor<?x2xi32>
  %rows = linalg.broadcast ins(%s : tensor<2xi32>) outs(%e : tensor<?x2xi32>) dimensions = [0]
  nn.return %rows
}}"""

MIN = -(2**31)
X = np.array([[7, -7, MIN, 0], [1, 2, 3, -1], [MIN, 5, -5, 2**31 - 1], [7, 1, 2, 0]], np.int32)
Y = np.array([[0, 2, -1, 0], [31, 32, 33, -1], [1, -3, 40, 0], [2, 3, -2, 5]], np.int32)


def wrapped(x):
    return np.asarray(x, dtype=np.int64).astype(np.uint32).view(np.int32)


def expected(name):
    x, y = X.astype(np.int64), Y.astype(np.int64)
    if name in ("divui", "remui", "shrui", "shli", "shrsi"):
        y = Y.view(np.uint32).astype(np.int64)
    ux = X.view(np.uint32).astype(np.int64)
    safe = np.where(y == 0, 1, y)
    quotient = np.sign(x) * np.sign(safe) * (np.abs(x) // np.abs(safe))
    with np.errstate(all="ignore"):
        ratio = X.astype(np.float32) / Y.astype(np.float32) * np.float32(1e9)
    return {
        "divsi": lambda: np.where(y == 0, 0, quotient),
        "remsi": lambda: np.where(y == 0, 0, x - quotient * safe),
        "divui": lambda: np.where(y == 0, 0, ux // safe),
        "remui": lambda: np.where(y == 0, 0, ux % safe),
        "shli": lambda: np.where(y < 32, x << np.minimum(y, 31), 0),
        "shrsi": lambda: x >> np.minimum(y, 31),
        "shrui": lambda: np.where(y < 32, ux >> np.minimum(y, 31), 0),
        "extract": lambda: 10 + np.minimum(ux, 2),
        "fptosi": lambda: np.where(np.isnan(ratio), 0, np.clip(np.nan_to_num(ratio.astype(np.float64)), MIN, 2147483520)),
    }[name]()


def main():
    target = sys.argv[1]
    instance = nnc_program.compile_model(MODELS, batch=4, entries="predict", target=target).instance()
    for name in ["divsi", "remsi", "divui", "remui", "shli", "shrsi", "shrui", "extract", "fptosi"]:
        got = instance.run(f"{name}.predict", x=X, y=Y)["prediction"]
        want = expected(name)
        if name == "fptosi":
            np.testing.assert_allclose(got, want, rtol=1e-6, err_msg=name)
        else:
            np.testing.assert_array_equal(got, wrapped(want), err_msg=name)
    got = instance.run("slice.predict", x=X, y=Y)["prediction"]
    np.testing.assert_array_equal(got, [[10 + 11 + 11, 11 + 12 + 12]] * 4)


if __name__ == "__main__":
    main()
