"""nnc's side of step_time.py: the compiled program and the runtime in one shared object, called through the runtime's C
interface (runtime/include/nnc/runtime.h)."""

import ctypes
import os
import sys
import tempfile
import time

from nnc_program import BUILD_DIR, SOURCE_DIR, compile_object, run_tool

from step_inputs import BATCH, batch, serve

MODELS = {"flagship": "text_classifier", "mlp": "mlp"}


class Rows(ctypes.Structure):
    _fields_ = [("input", ctypes.c_char_p), ("values", ctypes.c_void_p)]


def link(model, directory):
    program, library = os.path.join(directory, "program.o"), os.path.join(directory, "program.so")
    compile_object(os.path.join(SOURCE_DIR, "models", f"{MODELS[model]}.mlir"), program, batch=BATCH[model])
    run_tool("clang++", "-shared", "-fopenmp", "-fuse-ld=lld", "-o", library, program, "-Wl,--whole-archive",
             os.path.join(BUILD_DIR, "lib", "libnnc_runtime.a"), "-Wl,--no-whole-archive", "-lz", "-lcsv", "-lutf8proc",
             "-ldl")
    return library


def main():
    model, threads = sys.argv[1], int(sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        library = ctypes.CDLL(link(model, directory))
    library.nnc_session_create.restype = ctypes.c_void_p
    library.nnc_last_error.restype = ctypes.c_char_p

    def check(succeeded):
        if not succeeded:
            sys.exit(library.nnc_last_error().decode())

    descriptor = ctypes.byref(ctypes.c_char.in_dll(library, f"nnc_program_{MODELS[model]}"))
    session = ctypes.c_void_p(library.nnc_session_create(descriptor, threads))
    check(session)
    check(library.nnc_session_init(session, ctypes.c_int64(1)) == 0)
    data = batch(model)
    fields = (Rows * len(data))(*(Rows(name.encode(), value.ctypes.data) for name, value in data.items()))
    results = (ctypes.c_double * 8)()

    def time_steps(count):
        start = time.perf_counter()
        for _ in range(count):
            check(library.nnc_session_train(session, None, fields, ctypes.c_int64(len(data)),
                                            ctypes.c_int64(BATCH[model]), results) == 0)
        return (time.perf_counter() - start) / count

    serve(time_steps)


main()
