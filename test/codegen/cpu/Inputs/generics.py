"""Reductions, copies, transpositions, lookups through codegen/cpu over many shapes, against numpy, bit for bit."""

import sys

import numpy as np
from kernels import compile_functions

SHAPES = [(5, 37), (1, 1), (3, 16), (7, 100), (64, 1), (1, 77), (128, 130), (33, 9), (9, 17), (64, 64), (300, 500)]

FUNCTION = """
func.func @rows_{m}x{n}(%x: memref<{m}x{n}xf32>, %y: memref<{m}xf32>) {{
  linalg.generic {{indexing_maps = [#both, #row], iterator_types = ["parallel", "reduction"]}}
      ins(%x : memref<{m}x{n}xf32>) outs(%y : memref<{m}xf32>) {{
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %b, %a : f32
      linalg.yield %c : f32
  }}
  return
}}
func.func @dots_{m}x{n}(%x: memref<{m}x{n}xf32>, %z: memref<{m}x{n}xf32>, %y: memref<{m}xf32>) {{
  linalg.generic {{indexing_maps = [#both, #both, #row], iterator_types = ["parallel", "reduction"]}}
      ins(%x, %z : memref<{m}x{n}xf32>, memref<{m}x{n}xf32>) outs(%y : memref<{m}xf32>) {{
    ^bb0(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
  }}
  return
}}
func.func @columns_{m}x{n}(%x: memref<{m}x{n}xf32>, %y: memref<{n}xf32>) {{
  linalg.generic {{indexing_maps = [#both, #column], iterator_types = ["reduction", "parallel"]}}
      ins(%x : memref<{m}x{n}xf32>) outs(%y : memref<{n}xf32>) {{
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      linalg.yield %c : f32
  }}
  return
}}
func.func @all_{m}x{n}(%x: memref<{m}x{n}xf32>, %y: memref<f32>) {{
  linalg.generic {{indexing_maps = [#both, #none], iterator_types = ["reduction", "reduction"]}}
      ins(%x : memref<{m}x{n}xf32>) outs(%y : memref<f32>) {{
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      linalg.yield %c : f32
  }}
  return
}}
func.func @copy_{m}x{n}(%x: memref<{m}x{n}xf32>, %y: memref<{m}x{n}xf32>) {{
  memref.copy %x, %y : memref<{m}x{n}xf32> to memref<{m}x{n}xf32>
  return
}}
func.func @transpose_{m}x{n}(%x: memref<{m}x{n}xf32>, %b: memref<{m}xf32>, %y: memref<{n}x{m}xf32>) {{
  linalg.generic {{indexing_maps = [#swapped, #column, #both], iterator_types = ["parallel", "parallel"]}}
      ins(%x, %b : memref<{m}x{n}xf32>, memref<{m}xf32>) outs(%y : memref<{n}x{m}xf32>) {{
    ^bb0(%p: f32, %q: f32, %r: f32):
      %c = arith.addf %p, %q : f32
      linalg.yield %c : f32
  }}
  return
}}
func.func @permute_{m}x{n}(%x: memref<{n}x3x{m}xf64>, %y: memref<3x{m}x{n}xf64>) {{
  linalg.transpose ins(%x : memref<{n}x3x{m}xf64>) outs(%y : memref<3x{m}x{n}xf64>) permutation = [1, 2, 0]
  return
}}
func.func @index_{m}x{n}(%y: memref<{m}x{n}xi64>) {{
  linalg.generic {{indexing_maps = [#both], iterator_types = ["parallel", "parallel"]}} outs(%y : memref<{m}x{n}xi64>) {{
    ^bb0(%b: i64):
      %i = linalg.index 0 : index
      %j = linalg.index 1 : index
      %thousand = arith.constant 1000 : index
      %p = arith.muli %i, %thousand : index
      %s = arith.addi %p, %j : index
      %c = arith.index_cast %s : index to i64
      linalg.yield %c : i64
  }}
  return
}}
func.func @lookup_{m}x{n}(%x: memref<{m}x{n}xf32>, %t: memref<{m}xi32>, %y: memref<{m}x{n}xf32>) {{
  linalg.generic {{indexing_maps = [#row, #both], iterator_types = ["parallel", "parallel"]}}
      ins(%t : memref<{m}xi32>) outs(%y : memref<{m}x{n}xf32>) {{
    ^bb0(%a: i32, %b: f32):
      %j = linalg.index 1 : index
      %i = arith.index_cast %a : i32 to index
      %v = memref.load %x[%i, %j] : memref<{m}x{n}xf32>
      linalg.yield %v : f32
  }}
  return
}}
func.func @listed_{m}x{n}(%x: memref<{m}x{n}xf32>, %s: memref<{n}xi32>, %y: memref<{n}x{n}xf32>) {{
  %one = arith.constant 1 : index
  %zero = arith.constant 0 : index
  linalg.generic {{indexing_maps = [#row, #both], iterator_types = ["parallel", "parallel"]}}
      ins(%s : memref<{n}xi32>) outs(%y : memref<{n}x{n}xf32>) {{
    ^bb0(%e: i32, %b: f32):
      %j = linalg.index 1 : index
      %end = arith.index_cast %e : i32 to index
      %c = scf.for %i = %zero to %end step %one iter_args(%sum = %b) -> (f32) {{
        %v = memref.load %x[%i, %j] : memref<{m}x{n}xf32>
        %w = arith.mulf %b, %v : f32
        %t = arith.addf %sum, %w : f32
        scf.yield %t : f32
      }}
      %d = arith.addf %c, %b : f32
      linalg.yield %d : f32
  }}
  return
}}
func.func @ragged_{m}x{n}(%x: memref<{m}x{n}xf32>, %s: memref<{n}xi32>, %y: memref<{n}xf32>) {{
  %one = arith.constant 1 : index
  %zero = arith.constant 0 : index
  linalg.generic {{indexing_maps = [#only, #only], iterator_types = ["parallel"]}}
      ins(%s : memref<{n}xi32>) outs(%y : memref<{n}xf32>) {{
    ^bb0(%e: i32, %b: f32):
      %j = linalg.index 0 : index
      %end = arith.index_cast %e : i32 to index
      %c = scf.for %i = %zero to %end step %one iter_args(%sum = %b) -> (f32) {{
        %v = memref.load %x[%i, %j] : memref<{m}x{n}xf32>
        %t = arith.addf %sum, %v : f32
        scf.yield %t : f32
      }}
      linalg.yield %c : f32
  }}
  return
}}
func.func @argmax_{m}x{n}(%x: memref<{m}x{n}xf32>, %where: memref<{m}xi32>, %max: memref<{m}xf32>) {{
  linalg.generic {{indexing_maps = [#both, #row, #row], iterator_types = ["parallel", "reduction"]}}
      ins(%x : memref<{m}x{n}xf32>) outs(%where, %max : memref<{m}xi32>, memref<{m}xf32>) {{
    ^bb0(%a: f32, %w: i32, %best: f32):
      %j = linalg.index 1 : index
      %i = arith.index_cast %j : index to i32
      %greater = arith.cmpf ogt, %a, %best : f32
      %s = arith.select %greater, %i, %w : i32
      %v = arith.maximumf %best, %a : f32
      linalg.yield %s, %v : i32, f32
  }}
  return
}}
"""

MAPS = """
#only = affine_map<(i) -> (i)>
#both = affine_map<(i, j) -> (i, j)>
#swapped = affine_map<(i, j) -> (j, i)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#none = affine_map<(i, j) -> ()>
"""


def add_product(total, x, y, has_fma):
    """An FMA, or a product and a sum. In f64 the product is exact."""
    return np.float32(np.float64(x) * y + total) if has_fma else total + x * y


def lane_sum(initial, values, factors=None, has_fma=False):
    """Sixteen lanes, then halves, then the initial value; of products where there are factors."""
    lanes = np.full(16, -0.0, np.float32)
    values = values.reshape(-1)
    for start in range(0, values.size, 16):
        part = values[start : start + 16]
        if factors is None:
            lanes[: part.size] += part
        else:
            lanes[: part.size] = add_product(lanes[: part.size], part, factors[start : start + 16], has_fma)
    while lanes.size > 1:
        half = lanes.size // 2
        lanes = lanes[:half] + lanes[half:]
    return initial + lanes[0]


def check(functions, m, n, has_fma, rng):
    def f(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    def call(name, *arrays):
        getattr(functions, f"{name}_{m}x{n}")(*arrays)

    x = f(m, n)
    rows, columns, total = f(m), f(n), np.array(rng.standard_normal(), np.float32)
    expected_rows = np.array([lane_sum(rows[i], x[i]) for i in range(m)], np.float32)
    expected_columns = columns.copy()
    for i in range(m):
        expected_columns = expected_columns + x[i]
    if n == 1:
        # One column is one contiguous run.
        expected_columns = np.array([lane_sum(columns[0], x)], np.float32)
    expected_total = lane_sum(total[()], x)
    call("rows", x, rows)
    call("columns", x, columns)
    call("all", x, total)
    assert rows.tobytes() == expected_rows.tobytes(), (m, n, "sums of rows")
    assert columns.tobytes() == expected_columns.tobytes(), (m, n, "sums of columns")
    assert total.tobytes() == expected_total.tobytes(), (m, n, "sum of all")

    z, rows = f(m, n), f(m)
    expected_rows = np.array([lane_sum(rows[i], x[i], z[i], has_fma) for i in range(m)], np.float32)
    if n == 1:
        # No sum, but a product and a sum an element.
        expected_rows = add_product(rows, x[:, 0], z[:, 0], has_fma)
    call("dots", x, z, rows)
    assert rows.tobytes() == expected_rows.tobytes(), (m, n, "scalar products of rows")

    y = f(m, n)
    call("copy", x, y)
    assert np.array_equal(x, y), (m, n, "copy")
    bias, y = f(m), f(n, m)
    call("transpose", x, bias, y)
    assert np.array_equal(y, x.T + bias), (m, n, "transposition")
    z, y = rng.standard_normal((n, 3, m)), np.zeros((3, m, n))
    call("permute", z, y)
    assert np.array_equal(y, z.transpose(1, 2, 0)), (m, n, "permutation")
    ends, y, z = rng.integers(0, m + 1, n).astype(np.int32), f(n, n), f(n)
    sums, ragged = y.copy(), z.copy()
    for i in range(m):
        sums = np.where(ends[:, None] > i, sums + y * x[i], sums)
        ragged = np.where(ends > i, ragged + x[i], ragged)
    sums = sums + y
    call("listed", x, ends, y)
    call("ragged", x, ends, z)
    assert y.tobytes() == sums.tobytes(), (m, n, "sums of as many rows as a row says")
    assert z.tobytes() == ragged.tobytes(), (m, n, "sums of as many rows as a column says")
    y = np.zeros((m, n), np.int64)
    call("index", y)
    assert np.array_equal(y, 1000 * np.arange(m)[:, None] + np.arange(n)), (m, n, "index")
    tokens, y = rng.integers(0, m, m).astype(np.int32), f(m, n)
    call("lookup", x, tokens, y)
    assert np.array_equal(y, x[tokens]), (m, n, "lookup")
    where, best = np.zeros(m, np.int32), np.full(m, -np.inf, np.float32)
    call("argmax", x, where, best)
    assert np.array_equal(where, x.argmax(1)) and np.array_equal(best, x.max(1)), (m, n, "argmax")


def main(march):
    functions = compile_functions(MAPS + "".join(FUNCTION.format(m=m, n=n) for m, n in SHAPES), march)
    rng = np.random.default_rng(0)
    for m, n in SHAPES:
        check(functions, m, n, march != "x86-64", rng)
    print(f"{len(SHAPES)} shapes for {march}: bit-identical")


if __name__ == "__main__":
    main(sys.argv[1])
