"""Compiles a model file with nnc-opt, opens the program and runs its entries: ctypes over runtime/include/nnc/program.h.

    program = compile_model("models/mlp.mlir", batch=8)
    instance = program.instance()
    instance.run("init", seed=1)
    instance.variables["classifier.dense.kernel"]           # a numpy view into the arena, readable and writable
    outputs = instance.run("fit.train", image=x, label=y)   # {"loss": ..., "accuracy": ...}, copies

The host side (nnc_rt_parallel_for) is a stub of a few lines that runs tasks one after the other, in either order, dealt
to as many workers as asked: a program's results may depend on none of it.
"""

import ctypes
import functools
import os
import subprocess
import tempfile

import numpy as np

ABI_VERSION = 7
MAX_RANK = 8
ALIGNMENT = 64
DEVICE_ALIGNMENT = 256  # where a device's memory begins
DTYPES = [np.dtype(np.float32), np.dtype(np.float64), np.dtype(np.int32), np.dtype(np.int64)]
PARAMETER, SLOT, COUNTER = range(3)
DATA, VALID, LEARNING_RATE, SEED = range(4)
LOSS, METRIC, PREDICTION, GRADIENT, SCORE, ERROR = range(6)
INIT, TRAIN, EVALUATE, PREDICT, GRADIENTS = range(5)

LLVM_BIN = os.environ.get("NNC_LLVM_BIN", "/usr/lib/llvm-22/bin")
SOURCE_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD_DIR = os.environ.get("NNC_BUILD", os.path.join(SOURCE_DIR, "build", "release"))

HOST_STUB = """
#include <stdint.h>
int64_t nnc_test_workers = 1, nnc_test_reverse = 0;
void nnc_rt_profile(int64_t kernel) {}
void nnc_rt_parallel_for(void (*body)(void *, int64_t, int64_t), void *context, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    int64_t task = nnc_test_reverse ? n - 1 - i : i;
    body(context, task, task % nnc_test_workers);
  }
}
"""


class Tensor(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("dtype", ctypes.c_int32),
        ("rank", ctypes.c_int32),
        ("shape", ctypes.c_int64 * MAX_RANK),
        ("offset", ctypes.c_int64),
    ]

    @property
    def bytes(self):
        """Where this tensor lies in the arena."""
        count = int(np.prod(self.shape[: self.rank], dtype=np.int64))
        return slice(self.offset, self.offset + count * DTYPES[self.dtype].itemsize)

    def view(self, arena):
        """This tensor as a numpy view of the arena's bytes."""
        if self.bytes.stop > arena.size:
            raise ValueError(f"{self.name.decode()} lies outside the arena")
        return arena[self.bytes].view(DTYPES[self.dtype]).reshape(tuple(self.shape[: self.rank]))


class Variable(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("role", ctypes.c_int32), ("trainable", ctypes.c_int32)]


class Input(ctypes.Structure):
    _fields_ = [
        ("tensor", Tensor),
        ("role", ctypes.c_int32),
        ("has_range", ctypes.c_int32),
        ("range_min", ctypes.c_int64),
        ("range_max", ctypes.c_int64),
        ("default_value", ctypes.c_double),
    ]


class Output(ctypes.Structure):
    _fields_ = [("tensor", Tensor), ("role", ctypes.c_int32)]


class Span(ctypes.Structure):
    _fields_ = [("offset", ctypes.c_int64), ("size", ctypes.c_int64)]

    @property
    def bytes(self):
        return slice(self.offset, self.offset + self.size)


class Kernel(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("layer", ctypes.c_char_p),
        ("stage", ctypes.c_char_p),
        ("location", ctypes.c_char_p),
        ("tasks", ctypes.c_int64),
        ("flops", ctypes.c_int64),
        ("bytes", ctypes.c_int64),
        ("tensor_flops", ctypes.c_int64),
    ]


class Matrix(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("offset", "leading", "batch_stride", "transposed")]


class Product(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int64) for name in ("dtype", "precision", "batches", "rows", "columns", "terms")),
        *((name, Matrix) for name in ("a", "b", "d")),
        *((name, ctypes.c_int64) for name in ("accumulates", "bias", "relu", "workspace", "workspace_bytes")),
    ]


class Launch(ctypes.Structure):
    _fields_ = [
        ("kernel", ctypes.c_char_p),
        ("blocks", ctypes.c_int64),
        ("threads", ctypes.c_int64),
        ("shared_bytes", ctypes.c_int64),
        ("cooperative", ctypes.c_int64),
        ("argument_count", ctypes.c_int64),
        ("arguments", ctypes.POINTER(ctypes.c_int64)),
        ("product", ctypes.POINTER(Product)),
    ]


class Entry(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_char_p),
        ("symbol", ctypes.c_char_p),
        ("kind", ctypes.c_int32),
        ("precision", ctypes.c_int32),
        ("batch", ctypes.c_int64),
        ("input_count", ctypes.c_int64),
        ("inputs", ctypes.POINTER(Input)),
        ("output_count", ctypes.c_int64),
        ("outputs", ctypes.POINTER(Output)),
        ("run", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("arena_span_count", ctypes.c_int64),
        ("arena_spans", ctypes.POINTER(Span)),
        ("worker_span_count", ctypes.c_int64),
        ("worker_spans", ctypes.POINTER(Span)),
        ("kernel_count", ctypes.c_int64),
        ("kernels", ctypes.POINTER(Kernel)),
        ("launch_count", ctypes.c_int64),
        ("launches", ctypes.POINTER(Launch)),
    ]


class Descriptor(ctypes.Structure):
    _fields_ = [
        ("abi_version", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
        ("name", ctypes.c_char_p),
        ("target", ctypes.c_char_p),
        ("compiler", ctypes.c_char_p),
        ("arena_bytes", ctypes.c_int64),
        ("state_bytes", ctypes.c_int64),
        ("worker_bytes", ctypes.c_int64),
        ("variable_count", ctypes.c_int64),
        ("variables", ctypes.POINTER(Variable)),
        ("entry_count", ctypes.c_int64),
        ("entries", ctypes.POINTER(Entry)),
        ("image_bytes", ctypes.c_int64),
        ("image", ctypes.c_void_p),
    ]


class CompileError(Exception):
    """nnc-opt refused a model file; the message is what it said."""


class Program:
    """An opened program. `descriptor` is its description as the ABI gives it."""

    def __init__(self, shared_object):
        self.path = shared_object
        self.library = ctypes.CDLL(shared_object, mode=os.RTLD_NOW | os.RTLD_LOCAL)
        self.descriptor = Descriptor.in_dll(self.library, descriptor_symbol(shared_object))
        if self.descriptor.abi_version != ABI_VERSION:
            raise ValueError(f"{shared_object} has ABI version {self.descriptor.abi_version}, not {ABI_VERSION}")
        self.variables = [self.descriptor.variables[i] for i in range(self.descriptor.variable_count)]
        entries = [self.descriptor.entries[i] for i in range(self.descriptor.entry_count)]
        self.entries = {entry.name.decode(): entry for entry in entries}

    def entry(self, name):
        if name not in self.entries:
            raise KeyError(f"no entry {name} in {self.path}; it has {', '.join(self.entries)}")
        return self.entries[name]

    def entry_of_kind(self, kind):
        """The name of the only entry of a kind."""
        names = [name for name, entry in self.entries.items() if entry.kind == kind]
        if len(names) != 1:
            raise KeyError(f"{len(names)} entries of kind {kind} in {self.path}: {', '.join(names)}")
        return names[0]

    def inputs(self, name):
        entry = self.entry(name)
        return {entry.inputs[i].tensor.name.decode(): entry.inputs[i] for i in range(entry.input_count)}

    def outputs(self, name):
        entry = self.entry(name)
        return {entry.outputs[i].tensor.name.decode(): entry.outputs[i] for i in range(entry.output_count)}

    def planned_bytes(self, name):
        """Which bytes of the arena behind the variables, and of a worker's area, an entry says that it touches."""
        entry = self.entry(name)
        areas = []
        for size, spans, count in ((self.descriptor.arena_bytes, entry.arena_spans, entry.arena_span_count),
                                   (self.descriptor.worker_bytes, entry.worker_spans, entry.worker_span_count)):
            area = np.zeros(size, bool)
            for span in spans[:count]:
                area[span.bytes] = True
            areas.append(area)
        return areas

    def variable_bytes(self):
        """Which bytes of the arena the variables take."""
        area = np.zeros(self.descriptor.arena_bytes, bool)
        for variable in self.variables:
            area[variable.tensor.bytes] = True
        return area

    def instance(self, workers=1, fill=0, reverse=False):
        return Instance(self, workers, fill, reverse)


class Instance:
    """A program with an arena of its own (or in `memory`), each byte of it `fill` at first."""

    def __init__(self, program, workers=1, fill=0, reverse=False, memory=None):
        self.program, self.workers, self.reverse = program, workers, reverse
        size = program.descriptor.arena_bytes + workers * program.descriptor.worker_bytes
        if memory is None:
            memory = np.empty(size + DEVICE_ALIGNMENT, np.uint8)
            start = -memory.ctypes.data % DEVICE_ALIGNMENT
            memory = memory[start : start + size]
        if memory.size != size or memory.ctypes.data % ALIGNMENT:
            raise ValueError(f"an arena of {size} bytes aligned to {ALIGNMENT} is needed")
        self.arena = memory
        self.arena[...] = fill
        self.variables = {v.tensor.name.decode(): v.tensor.view(self.arena) for v in program.variables}
        self.parameters = {
            v.tensor.name.decode(): self.variables[v.tensor.name.decode()]
            for v in program.variables
            if v.role == PARAMETER
        }

    def run(self, name, **values):
        """Runs an entry. Inputs not given take their defaults: all samples valid, seed 0, the file's learning rate.
        Returns copies of the outputs, scalars as Python floats."""
        program, entry = self.program, self.program.entry(name)
        inputs = program.inputs(name)
        defaults = {VALID: entry.batch, SEED: 0}
        for key in values:
            if key not in inputs:
                raise KeyError(f"{name} has no input {key}; it takes {', '.join(inputs)}")
        for key, description in inputs.items():
            if key in values:
                value = values[key]
            elif description.role == LEARNING_RATE:
                value = description.default_value
            elif description.role in defaults:
                value = defaults[description.role]
            else:
                raise KeyError(f"{name} needs the input {key}")
            view = description.tensor.view(self.arena)
            value = np.asarray(value)
            if value.shape != view.shape:
                raise ValueError(f"{name}: input {key} has shape {value.shape}, the program takes {view.shape}")
            view[...] = value
        for symbol, value in (("nnc_test_workers", self.workers), ("nnc_test_reverse", int(self.reverse))):
            ctypes.c_int64.in_dll(program.library, symbol).value = value
        entry.run(self.arena.ctypes.data)
        outputs = {}
        for key, description in program.outputs(name).items():
            value = description.tensor.view(self.arena)
            outputs[key] = float(value) if value.ndim == 0 else value.copy()
        return outputs


def descriptor_symbol(shared_object):
    """The name of the one nnc_program that a shared object exports."""
    listing = run_tool("llvm-nm", "-D", "--defined-only", "--format=just-symbols", shared_object)
    names = [line for line in listing.split() if line.startswith("nnc_program")]
    if not names:
        raise ValueError(f"{shared_object} exports no nnc_program")
    return names[0]


def run_tool(tool, *arguments):
    path = os.path.join(LLVM_BIN, tool)
    result = subprocess.run([path, *arguments], capture_output=True, text=True)
    if result.returncode != 0:
        raise RuntimeError(f"{tool} {' '.join(arguments)}: {result.stderr}")
    return result.stdout


def compile_object(model, output, *, batch=32, entries=None, march=None, target=None, options=()):
    """nnc-opt --phase=binary: a model file to an object. Raises CompileError with nnc-opt's message."""
    command = [os.path.join(BUILD_DIR, "bin", "nnc-opt"), model, "--phase=binary", f"--batch={batch}", "-o", output]
    command += [f"--entries={entries}"] if entries else []
    command += [f"--march={march}"] if march else []
    command += [f"--target={target}"] if target else []
    result = subprocess.run(command + list(options), capture_output=True, text=True)
    if result.returncode != 0:
        raise CompileError(f"nnc-opt left with {result.returncode}:\n{result.stderr.strip()}")


@functools.cache
def compiled_stub():
    """The object of HOST_STUB."""
    with tempfile.TemporaryDirectory(prefix="nnc-stub-") as directory:
        source, output = os.path.join(directory, "host.c"), os.path.join(directory, "host.o")
        with open(source, "w") as file:
            file.write(HOST_STUB)
        run_tool("clang", "-O1", "-fPIC", "-c", source, "-o", output)
        with open(output, "rb") as file:
            return file.read()


def sanitizers():
    """How to link a sanitized runtime. Its sanitizers' library has to come first in this process: lit preloads it."""
    return ["-fsanitize=address,undefined", "-shared-libsan"] if "asan" in os.environ.get("LD_PRELOAD", "") else []


def compile_model(model, *, directory=None, **compile_options):
    """Compiles a model file, or the text of one, and opens the program. Options are those of compile_object. Files lie in
    `directory`; without one they are gone once the program is open."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="nnc-test-") as temporary:
            return compile_model(model, directory=temporary, **compile_options)
    if "\n" in model:
        text, model = model, os.path.join(directory, "model.mlir")
        with open(model, "w") as file:
            file.write(text)
    stub = os.path.join(directory, "host.o")
    with open(stub, "wb") as file:
        file.write(compiled_stub())
    program, shared = os.path.join(directory, "program.o"), os.path.join(directory, "program.so")
    compile_object(model, program, **compile_options)
    if (compile_options.get("target") or "").startswith("cuda-"):
        # The emulator is the runtime's; its blocks are tasks of the stub's loops.
        runtime = os.path.join(BUILD_DIR, "lib", "libnnc_runtime.a")
        run_tool("clang++", "-shared", "-fuse-ld=lld", *sanitizers(), "-o", shared, program, stub, runtime)
    else:
        run_tool("ld.lld", "-shared", "-o", shared, program, stub)
    return Program(shared)
