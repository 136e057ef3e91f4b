"""nnc's side of matmul.py: matmul_nnc.py THREADS MARCH CASES.json. Says the largest error of any case, in units of the
last place times the square root of k, before the first request."""

import ctypes
import json
import os
import sys
import tempfile

import numpy as np
from nnc_program import SOURCE_DIR, Instance, Program, compile_object

from contest import serve, time_fastest
from matmul_cases import module
from runtime_library import link_with_runtime


def link(cases, march, directory):
    model, program = os.path.join(directory, "matmul.mlir"), os.path.join(directory, "program.o")
    with open(model, "w") as file:
        file.write(module(cases))
    compile_object(model, program, march=march)
    library = os.path.join(directory, "program.so")
    link_with_runtime(library, f"{SOURCE_DIR}/benchmarks/time_entry.cpp", program)
    return library


def main():
    threads, march = int(sys.argv[1]), sys.argv[2]
    with open(sys.argv[3]) as file:
        cases = json.load(file)
    with tempfile.TemporaryDirectory() as directory:
        program = Program(link(cases, march, directory))
    run = program.library.nnc_time_entry
    run.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int64]
    instance = Instance(program, workers=threads)
    rng = np.random.default_rng(1)
    worst = 0.0
    for number, (m, n, k, form) in enumerate(cases):
        name = f"c{number}.predict"
        tensors = {key: tensor.tensor.view(instance.arena)
                   for key, tensor in {**program.inputs(name), **program.outputs(name)}.items()}
        a, b = (rng.standard_normal(tensors[key].shape, np.float32) for key in "ab")
        tensors["a"][...], tensors["b"][...] = a, b
        run(ctypes.addressof(program.entry(name)), instance.arena.ctypes.data, threads, 1)
        a, b = (x.astype(np.float64) if layout == "n" else x.astype(np.float64).T for x, layout in zip((a, b), form))
        error = np.abs(tensors["c"] - a @ b).max() / (np.finfo(np.float32).eps * np.sqrt(k))
        worst = max(worst, float(error))

    def answer(request):
        entry = ctypes.addressof(program.entry(f"c{request['case']}.predict"))
        instance.arena[...] = 0  # An entry may reuse the memory of its inputs: what a call reads is what the last one left.
        return time_fastest(lambda count: run(entry, instance.arena.ctypes.data, threads, count), request["seconds"])

    serve(answer, {"error": worst})


main()
