"""Random matrix products through codegen/cpu, bit for bit against one chain of fmaf in increasing k an element; of one row
with a matrix that lies along k, against sixteen chains and a tree."""

import sys

import numpy as np
from kernels import compile_c, compile_functions

REFERENCE = """
#include <math.h>
#include <stdint.h>
// strides[3 * operand + loop], loops i, j, k, in elements; c is contiguous and holds the initial values.
void chains(const float *a, const float *b, float *c, const int64_t *sizes, const int64_t *strides) {
  for (int64_t i = 0; i < sizes[0]; ++i)
    for (int64_t j = 0; j < sizes[1]; ++j) {
      float sum = c[i * sizes[1] + j];
      for (int64_t k = 0; k < sizes[2]; ++k)
        sum = fmaf(a[i * strides[0] + k * strides[1]], b[j * strides[2] + k * strides[3]], sum);
      c[i * sizes[1] + j] = sum;
    }
}
// The same, term k in lane k % 16; halves of the lanes are added, and the initial value last.
void lanes(const float *a, const float *b, float *c, const int64_t *sizes, const int64_t *strides) {
  for (int64_t i = 0; i < sizes[0]; ++i)
    for (int64_t j = 0; j < sizes[1]; ++j) {
      float sums[16];
      for (int64_t lane = 0; lane < 16; ++lane)
        sums[lane] = -0.0f;
      for (int64_t k = 0; k < sizes[2]; ++k)
        sums[k % 16] = fmaf(a[i * strides[0] + k * strides[1]], b[j * strides[2] + k * strides[3]], sums[k % 16]);
      for (int64_t half = 8; half > 0; half /= 2)
        for (int64_t lane = 0; lane < half; ++lane)
          sums[lane] += sums[lane + half];
      c[i * sizes[1] + j] += sums[0];
    }
}
"""

# Terms from which on a product of one row adds them in lanes.
MIN_TERMS_FOR_LANES = 64

MAPS = {"n": {"a": "(i, k)", "b": "(k, j)", "c": "(i, j)"}, "t": {"a": "(k, i)", "b": "(j, k)", "c": "(j, i)"}}
ROWS = """[affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>]"""


class Case:
    """One product: its sizes, how each operand lies, and what stands around it."""

    def __init__(self, number, rng):
        self.name = f"product_{number}"
        limit = rng.choice([4, 20, 70, 200])
        self.m, self.n, self.k = (int(x) for x in rng.integers(1, limit + 1, 3))
        if number % 10 == 0:
            # More terms than a packed panel holds.
            self.k = int(rng.integers(500, 900))
        if number % 16 == 3:
            # The same, for rows that several tasks share, in tiles of two sizes.
            self.m, self.n, self.k = int(rng.integers(100, 400)), int(rng.integers(8, 40)), int(rng.integers(800, 1600))
        if number % 12 == 5:
            self.m = int(rng.integers(100, 300))
            self.n = int(rng.integers(200, 300))
        if number % 8 == 7:
            # Rows for several tasks that share b's panels, each with its own copy of a.
            self.m, self.n = int(rng.integers(280, 600)), int(rng.integers(130, 260))
            self.k = int(rng.choice([512, rng.integers(200, 600)]))
        if number % 8 == 1:
            # One row, or one column, and more terms than lanes.
            self.m, self.n = (1, int(rng.integers(2, 90)))[:: int(rng.choice([1, -1]))]
            self.k = int(rng.integers(50, 600))
        if number % 16 == 14:
            # Few rows, and a b that the second cache does not hold.
            self.m, self.n, self.k = int(rng.integers(1, 60)), int(rng.integers(300, 700)), int(rng.integers(500, 1200))
        if number % 16 == 6:
            # Few columns, and long sums.
            self.m, self.n, self.k = int(rng.integers(30, 200)), int(rng.integers(1, 9)), int(rng.integers(60, 300))
        self.form = {operand: str(rng.choice(["n", "t"], p=p)) for operand, p in
                     (("a", [0.6, 0.4]), ("b", [0.6, 0.4]), ("c", [0.8, 0.2]))}
        self.strided = {operand: bool(rng.random() < 0.25) for operand in "abc"}
        self.fill = bool(rng.random() < 0.5)
        self.epilogue = bool(rng.random() < 0.5) and self.form["c"] == "n"
        self.hidden = self.epilogue and bool(rng.random() < 0.5)
        self.parallel = bool(rng.random() < 0.2)

    def __str__(self):
        return f"{self.name}: {self.m} x {self.n} x {self.k} {self.__dict__}"

    def term_stride(self, operand):
        """Elements from one term to the next."""
        lies_along = self.form[operand] == ("n" if operand == "a" else "t")
        return 1 if lies_along else self.shape(operand)[1] + (5 if self.strided[operand] else 0)

    def uses_lanes(self):
        return ((self.m == 1) != (self.n == 1) and self.k >= MIN_TERMS_FOR_LANES and self.term_stride("a") == 1
                and self.term_stride("b") == 1)

    def shape(self, operand):
        size = {"i": self.m, "j": self.n, "k": self.k}
        return [size[loop] for loop in MAPS[self.form[operand]][operand] if loop in size]

    def memref(self, operand):
        """The operand's whole buffer, and the part of it that the product sees."""
        x, y = self.shape(operand)
        if not self.strided[operand]:
            return (x, y), f"memref<{x}x{y}xf32>", ""
        whole, part = (x + 2, y + 5), f"memref<{x}x{y}xf32, strided<[{y + 5}, 1], offset: {y + 5 + 3}>>"
        view = f"memref.subview %whole_{operand}[1, 3] [{x}, {y}] [1, 1] : memref<{x + 2}x{y + 5}xf32> to {part}"
        return whole, part, view

    def function(self):
        lines, arguments, types = [], [], {}
        for operand in "abc":
            whole, part, view = self.memref(operand)
            types[operand] = part
            hidden = operand == "c" and self.hidden
            name = f"%whole_{operand}" if view else f"%{operand}"
            if hidden:
                lines.append(f"{name} = memref.alloc() : memref<{whole[0]}x{whole[1]}xf32>")
            else:
                arguments.append(f"{name}: memref<{whole[0]}x{whole[1]}xf32>")
            if view:
                lines.append(f"%{operand} = {view}")
        arguments += [f"%bias: memref<{self.n}xf32>", f"%out: memref<{self.m}x{self.n}xf32>"]
        if self.fill or self.hidden:
            lines.append(f"linalg.fill ins(%zero : f32) outs(%c : {types['c']})")
        maps = ", ".join(f"affine_map<(i, j, k) -> {MAPS[self.form[operand]][operand]}>" for operand in "abc")
        lines.append(
            f"""linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel", "parallel", "reduction"]}}
            ins(%a, %b : {types['a']}, {types['b']}) outs(%c : {types['c']}) {{
          ^bb0(%x: f32, %y: f32, %s: f32):
            %p = arith.mulf %x, %y : f32
            %t = arith.addf %s, %p : f32
            linalg.yield %t : f32
        }}"""
        )
        if self.epilogue:
            lines.append(
                f"""linalg.generic {{indexing_maps = {ROWS}, iterator_types = ["parallel", "parallel"]}}
            ins(%c, %bias : {types['c']}, memref<{self.n}xf32>) outs(%out : memref<{self.m}x{self.n}xf32>) {{
          ^bb0(%x: f32, %y: f32, %o: f32):
            %t = arith.addf %x, %y : f32
            %r = arith.maximumf %t, %zero : f32
            linalg.yield %r : f32
        }}"""
            )
        body = "\n".join(lines)
        if self.parallel:
            body = f"scf.forall (%task) in (1) {{\n{body}\n}}"
        return f"""func.func @{self.name}({", ".join(arguments)}) {{
          %zero = arith.constant 0.0 : f32
          {body}
          return
        }}"""

    def check(self, functions, reference, rng):
        wholes = {operand: rng.standard_normal(self.memref(operand)[0], dtype=np.float32) for operand in "abc"}
        parts = {}
        for operand in "abc":
            x, y = self.shape(operand)
            parts[operand] = wholes[operand][1 : 1 + x, 3 : 3 + y] if self.strided[operand] else wholes[operand]
        bias = rng.standard_normal(self.n, dtype=np.float32)
        out = rng.standard_normal((self.m, self.n), dtype=np.float32)
        before = {operand: wholes[operand].copy() for operand in "abc"}

        a = np.ascontiguousarray(parts["a"] if self.form["a"] == "n" else parts["a"].T)
        b = np.ascontiguousarray(parts["b"] if self.form["b"] == "n" else parts["b"].T)
        c = np.array(parts["c"] if self.form["c"] == "n" else parts["c"].T, order="C")
        if self.fill or self.hidden:
            c[:] = 0
        sizes, strides = np.array([self.m, self.n, self.k]), np.array([self.k, 1, 1, self.n])
        (reference.lanes if self.uses_lanes() else reference.chains)(a, b, c, sizes, strides)

        arguments = [wholes["a"], wholes["b"]] + ([] if self.hidden else [wholes["c"]]) + [bias, out]
        getattr(functions, self.name)(*arguments)

        expected = before["c"]
        if not self.hidden:
            x, y = self.shape("c")
            view = expected[1 : 1 + x, 3 : 3 + y] if self.strided["c"] else expected
            view[:] = c if self.form["c"] == "n" else c.T
        assert wholes["a"].tobytes() == before["a"].tobytes() and wholes["b"].tobytes() == before["b"].tobytes(), self
        assert wholes["c"].tobytes() == expected.tobytes(), f"{self}: other bits than the reference's"
        if self.epilogue:
            assert np.array_equal(out, np.maximum(c + bias, 0)), f"{self}: epilogue"


def main(march, count, seed):
    rng = np.random.default_rng(seed)
    cases = [Case(number, rng) for number in range(count)]
    functions = compile_functions("\n".join(case.function() for case in cases), march)
    reference = compile_c(REFERENCE)
    for case in cases:
        case.check(functions, reference, rng)
    print(f"{count} products for {march}: bit-identical")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 0)
