"""Products left to a library that plays cuBLASLt, on the emulator: in every form, with every neighbour that the library
takes along and some that it does not, the sums are the right ones, and a product is the library's where it should be.

Small whole numbers have exact sums. Without the library, or where that refuses a product, kernels give the same.
"""

import ctypes
import itertools
import os
import sys

import numpy as np

from nnc_program import compile_model
from products import FORMS

LIBRARY = sys.argv[1]
SIZES = [(96, 48, 8), (33, 36, 37)]
STARTS, ENDS = ("matrix", "zero", "bias"), ("none", "relu", "bias", "bias_relu", "negative")


def expected(a, b, c, bias, subscripts, start, end):
    sums = np.einsum(subscripts, a.astype(np.float64), b.astype(np.float64), optimize=True)
    sums += {"matrix": c, "zero": 0, "bias": bias}[start]
    if "bias" in end:
        sums += bias
    return np.maximum(sums, 0) if "relu" in end else -sums if end == "negative" else sums


def main():
    random, failures, count = np.random.default_rng(3), [], 0
    cases = {}
    for (form, make), (i, size), start, end in itertools.product(FORMS.items(), enumerate(SIZES), STARTS, ENDS):
        name = f"{form}.{i}.{start}.{end}"
        cases[name] = (*make(name, *size, start=start, end=end), start, end)
    text = "module attributes {nn.phase = \"params\"} {" + "".join(case[0] for case in cases.values()) + "\n}\n"
    program = compile_model(text, batch=1, entries="predict", target="cuda-emulator", options=["--cublaslt=always"])
    os.environ["NNC_CUBLASLT"] = LIBRARY
    library = ctypes.CDLL(LIBRARY)
    done = ctypes.c_int64.in_dll(library, "nnc_fake_cublaslt_products")
    refuses = ctypes.c_int.in_dll(library, "nnc_fake_cublaslt_refuses")
    instance = program.instance()
    for refuses.value in (0, 1):
        for name, (_, *shapes, subscripts, start, end) in cases.items():
            a, b, c = (random.integers(-9, 10, shape).astype(np.float32) for shape in shapes)
            bias = random.integers(-9, 10, (1, shapes[2][-1])).astype(np.float32)
            before = done.value
            found = instance.run(name, a=a, b=b, c=c, bias=bias)["y"]
            count += 1
            if not np.array_equal(found, expected(a, b, c, bias[0], subscripts, start, end)):
                failures.append(f"{name}: wrong, {'by kernels' if refuses.value else 'by the library'}")
            # Heads are a batch of two dimensions, of which the library knows one.
            if done.value - before != (0 if refuses.value or name.startswith("heads") else 1):
                failures.append(f"{name}: the library did {done.value - before} products")
    held = library.nnc_fake_cublaslt_held()
    if held:
        failures.append(f"{held} of the library's things are still held")
    for failure in failures:
        print(failure)
    print(f"{count} products, {len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
