"""Matrix products with many schedules each, bit for bit against one chain of fmaf in increasing k an element: every
schedule gives the same bits."""

import os
import re
import sys

import numpy as np
from contractions import REFERENCE, Case
from kernels import BUILD_DIR, _run, compile_c, compile_functions

# m, n, k, and how a, b and c lie; some with operands whose rows are apart, or inside a parallel loop.
CASES = [(37, 21, 45, "nnn"), (64, 48, 1, "nnn"), (1, 77, 96, "nnn"), (50, 19, 130, "ntn"), (45, 35, 67, "tnt"),
         (130, 100, 300, "ttn")]


def make_case(number, rng):
    case = Case(2, rng)
    case.name = f"product_{number}"
    case.m, case.n, case.k, forms = CASES[number]
    case.form = dict(zip("abc", forms))
    case.strided = {operand: number % 3 == 2 for operand in "abc"}
    case.fill, case.hidden, case.parallel = number % 2 == 0, False, number == 3
    case.epilogue = case.form["c"] == "n"
    return case


def main(march):
    rng = np.random.default_rng(0)
    cases = [make_case(number, rng) for number in range(len(CASES))]
    text = "\n".join(case.function() for case in cases).encode()
    tool = lambda name: os.path.join(BUILD_DIR, "bin", name)
    text = _run([tool("nnc-opt"), "-", "--nn-normalize-generics"], text)
    copy = f"--pass-pipeline=builtin.module(nn-test-schedules{{march={march}}})"
    text = _run([tool("nnc-test-opt"), "-", copy], text)
    functions, reference, total = compile_functions(text.decode(), march), compile_c(REFERENCE), 0
    for number, case in enumerate(cases):
        copies = re.findall(rf"func.func @(product_{number}_\d+)\(", text.decode())
        assert len(copies) > 1, f"{case}: {len(copies)} schedules"
        total += len(copies)
        for case.name in copies:
            case.check(functions, reference, rng)
    print(f"{total} schedules of {len(cases)} products for {march}: the same bits")


if __name__ == "__main__":
    main(sys.argv[1])
