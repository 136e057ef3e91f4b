"""The other side of matmul.py: matmul_peer.py openblas|torch THREADS CASES.json. OpenBLAS is numpy's."""

import json
import sys

import numpy as np

from contest import serve, time_fastest
from matmul_cases import operand_shapes


def main():
    library, threads = sys.argv[1], int(sys.argv[2])
    with open(sys.argv[3]) as file:
        cases = json.load(file)
    if library == "torch":
        import torch
        torch.set_num_threads(threads)
    rng = np.random.default_rng(1)

    def make_call(m, n, k, form):
        a, b = (rng.standard_normal(shape, np.float32) for shape in operand_shapes(m, n, k, form))
        a, b = (x if layout == "n" else x.T for x, layout in zip((a, b), form))
        c = np.empty((m, n), np.float32)
        if library == "openblas":
            return lambda: np.matmul(a, b, out=c)
        a, b, c = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(c)
        return lambda: torch.mm(a, b, out=c)

    calls = {}

    def answer(request):
        case = request["case"]
        if case not in calls:
            calls.clear()
            calls[case] = make_call(*cases[case])
        call = calls[case]

        def repeat(count):
            for _ in range(count):
                call()

        return time_fastest(repeat, request["seconds"])

    serve(answer)


main()
