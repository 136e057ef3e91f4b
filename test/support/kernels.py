"""Compiles functions on memrefs through the passes of codegen/cpu and calls them with numpy arrays.

    functions = compile_functions(text, march="x86-64-v3")
    functions.name(array, array, ...)      # arrays are passed by address: identity layouts only

Parallel loops run one after the other. For tests of generated code; programs go through nnc_program.py instead.
"""

import ctypes
import os
import subprocess
import tempfile

import numpy as np

LLVM_BIN = os.environ.get("NNC_LLVM_BIN", "/usr/lib/llvm-22/bin")
SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD_DIR = os.environ.get("NNC_BUILD", os.path.join(SOURCE_DIR, "build", "release"))

TO_LLVM = """
  --scf-forall-to-for --ownership-based-buffer-deallocation --canonicalize --buffer-deallocation-simplification
  --bufferization-lower-deallocations --convert-bufferization-to-memref --expand-strided-metadata --lower-affine
  --convert-scf-to-cf --convert-vector-to-llvm --convert-math-to-llvm --convert-arith-to-llvm --convert-index-to-llvm
  --finalize-memref-to-llvm --convert-cf-to-llvm --convert-func-to-llvm=use-bare-ptr-memref-call-conv=1
  --reconcile-unrealized-casts
""".split()


def _run(command, text):
    done = subprocess.run(command, input=text, capture_output=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}:\n{done.stderr.decode()[:4000]}")
    return done.stdout


PASSES = ["nn-lower-contractions", "nn-fuse-rows", "nn-vectorize-generics", "nn-expand-fma"]


def tile(text, march, without=()):
    """`text` after the passes of codegen/cpu, but those of `without`."""
    passes = ["--nn-normalize-generics"]
    passes += [f"--{name}=march={march}" for name in PASSES if name not in without]
    passes += ["--canonicalize", "--cse"]
    tiled = _run([os.path.join(BUILD_DIR, "bin", "nnc-opt"), "-", *passes], text.encode())
    for left in (b"linalg.", b"memref.copy"):
        if left in tiled:
            raise AssertionError(f"{left.decode()} is left:\n{tiled.decode()}")
    return tiled


def to_object(text, march, path, *llc, without=()):
    """Writes the object file of `text`, for the processor `march` or as `llc`'s options say."""
    module = _run([os.path.join(LLVM_BIN, "mlir-opt"), *TO_LLVM], tile(text, march, without))
    module = _run([os.path.join(LLVM_BIN, "mlir-translate"), "--mlir-to-llvmir"], module)
    options = llc or [f"-mcpu={march}"]
    _run([os.path.join(LLVM_BIN, "llc"), "-O3", "--relocation-model=pic", "-filetype=obj", "-o", path, *options], module)


class Functions:
    def __init__(self, library):
        self._library = library

    def __getattr__(self, name):
        function = getattr(self._library, name)
        function.restype = None
        return lambda *arrays: function(*[ctypes.c_void_p(array.ctypes.data) for array in arrays])


def _load(build):
    with tempfile.TemporaryDirectory() as folder:
        library = os.path.join(folder, "functions.so")
        build(folder, library)
        return Functions(ctypes.CDLL(library))


def compile_functions(text, march="native", without=()):
    def build(folder, library):
        object_file = os.path.join(folder, "functions.o")
        to_object(text, march, object_file, without=without)
        undefined = _run(["nm", "-u", object_file], b"").decode().replace(" U ", " ").split()
        if not set(undefined) <= {"malloc", "free", "memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"}:
            raise AssertionError(f"generated code calls {undefined}")
        _run([os.path.join(LLVM_BIN, "clang"), "-shared", "-o", library, object_file], b"")

    return _load(build)


def compile_c(text):
    """The functions of a C file, for reference loops; products and sums are fused only where it says fmaf."""

    def build(folder, library):
        command = [os.path.join(LLVM_BIN, "clang"), "-O2", "-ffp-contract=off", "-fPIC", "-shared", "-o", library, "-x"]
        fma = ["-mfma"] if "fma" in open("/proc/cpuinfo").read().split() else []
        _run(command + ["c", "-", *fma, "-lm"], text.encode())

    return _load(build)


def aligned(shape, dtype=np.float32):
    """An uninitialised array that begins at a cache line."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)
