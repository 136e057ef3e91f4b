"""Claim arena, for the perceptron and the flagship, each with several batch sizes:

- a step asks the system for no memory (malloc and its kin, mmap: 0 calls after start-up);
- every copy in the compiled program has a reason from the closed list;
- guard pages right before and after the arena are never touched, and of an arena painted with a pattern each entry point
  touches every byte that was planned for it and none besides, workers' scratch included; also where a plan gives each
  buffer bytes of its own, so that none hides another's;
- results and variables have the same bits whatever was in the arena before, and with every buffer apart.
"""

import ctypes
import mmap
import os
import tempfile

import numpy as np

from nnc_program import DATA, DTYPES, INIT, Instance, compile_model, run_tool
from report import BUILD, MODELS, NNC_OPT, ROOT, Table, arguments, finish, read_plan, run

MODELS_AND_BATCHES = {"mlp": (32, 1, 5), "text_classifier": (8, 1, 5)}
HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS, STEPS = 2, 20
COPY_REASONS = {"output", "variable", "sequence", "part", "initial", "carried", "packed"}


def model_path(model):
    return os.path.join(MODELS, f"{model}.mlir")


# Guard pages


class GuardedMemory:
    """Memory that ends, or starts, right at a page that may not be touched."""

    def __init__(self, size, at_end):
        page = mmap.PAGESIZE
        inner = -(-size // page) * page
        self._map = mmap.mmap(-1, inner + 2 * page)
        libc = ctypes.CDLL(None, use_errno=True)
        start = ctypes.addressof(ctypes.c_char.from_buffer(self._map))
        for guard in (start, start + page + inner):
            if libc.mprotect(ctypes.c_void_p(guard), ctypes.c_size_t(page), 0) != 0:
                raise OSError(ctypes.get_errno(), "mprotect")
        first = page + (inner - size if at_end else 0)
        self.bytes = np.frombuffer(self._map, np.uint8, size, first)


def make_inputs(program, entry):
    """Values for an entry's data inputs, in their ranges."""
    random = np.random.default_rng(5)
    values = {}
    for name, description in program.inputs(entry).items():
        if description.role == DATA:
            tensor = description.tensor
            shape, dtype = tuple(tensor.shape[: tensor.rank]), DTYPES[tensor.dtype]
            if dtype.kind == "f":
                values[name] = random.random(shape, dtype)
            else:
                top = description.range_max if description.has_range else 1
                values[name] = random.integers(0, top + 1, shape, dtype)
    return values


def run_in_child(function):
    """Whether a function that may touch a guard page came to its end."""
    child = os.fork()
    if child == 0:
        try:
            function()
            os._exit(0)
        except BaseException as error:
            print(error)
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def run_between_guards(program):
    size = program.descriptor.arena_bytes + WORKERS * program.descriptor.worker_bytes
    for at_end in (False, True):
        instance = Instance(program, WORKERS, fill=0x5A, memory=GuardedMemory(size, at_end).bytes)
        for entry in entries_init_first(program):
            instance.run(entry, **make_inputs(program, entry))


def entries_init_first(program):
    return sorted(program.entries, key=lambda name: program.entries[name].kind != INIT)


# Paint


def touched_bytes(program, entry):
    """Which bytes of the arena, and of any worker's area, an entry (and whoever gives it inputs) writes: those that keep
    two different paints are untouched."""
    descriptor = program.descriptor
    touched = np.zeros(descriptor.arena_bytes + WORKERS * descriptor.worker_bytes, bool)
    for paint in (0xA5, 0x5A):
        instance = Instance(program, WORKERS, fill=paint)
        if program.entries[entry].kind != INIT:
            initialized = Instance(program, WORKERS)
            initialized.run(program.entry_of_kind(INIT), seed=1)
            for name, variable in initialized.variables.items():
                instance.variables[name][...] = variable
        instance.run(entry, **make_inputs(program, entry))
        touched |= instance.arena != paint
    return (touched[: descriptor.arena_bytes],
            touched[descriptor.arena_bytes :].reshape(WORKERS, -1).any(axis=0))


def run_on(program, fill):
    """The outputs of every entry and the last state on an arena full of a byte."""
    instance = Instance(program, WORKERS, fill=fill)
    results = []
    for entry in entries_init_first(program):
        outputs = instance.run(entry, **make_inputs(program, entry))
        results += [np.asarray(value).tobytes() for value in outputs.values()]
    return results, [value.tobytes() for value in instance.variables.values()]


# Allocations


def allocation_counts(model, batch, folder):
    """Calls for memory during STEPS steps, by kind of step, with WORKERS threads."""
    preload, steps = os.path.join(folder, "alloc_count.so"), os.path.join(folder, "arena_steps")
    if not os.path.exists(steps):
        run_tool("clang", "-O1", "-shared", "-fPIC", "-o", preload, os.path.join(HERE, "alloc_count.c"))
        run_tool("clang++", "-pthread", "-fuse-ld=lld",
                 # The program it opens finds the parallel loop in it.
                 "-rdynamic", "-Wl,-u,nnc_rt_parallel_for", "-I", os.path.join(ROOT, "runtime", "include"), "-x", "c",
                 os.path.join(HERE, "arena_steps.c"), "-x", "none", os.path.join(BUILD, "lib", "libnnc_runtime.a"),
                 "-lz", "-lcsv", "-lutf8proc", "-ldl", "-o", steps)
    shared = os.path.join(folder, f"{model}-{batch}.so")
    run(NNC_OPT, model_path(model), "--phase=binary", f"--batch={batch}", "-o", shared)
    instance_program = compile_model(model_path(model), batch=batch, directory=tempfile.mkdtemp(dir=folder))
    entry = next(name for name in instance_program.entries if name.endswith(".train"))
    data = os.path.join(folder, f"{model}.npz")
    np.savez(data, **make_inputs(instance_program, entry))
    printed = run(steps, shared, data, WORKERS, STEPS, env=dict(os.environ, LD_PRELOAD=preload)).stdout
    return {name: int(count) for name, count in (line.split() for line in printed.splitlines())}


def check_model(model, batch, folder, table):
    """The violations found on one model and batch size."""
    violations = 0

    def check(what, holds, detail):
        nonlocal violations
        violations += not holds
        table.row(model, batch, what, detail + ("" if holds else "  VIOLATION"))

    for kind, count in allocation_counts(model, batch, folder).items():
        check(f"calls for memory in {STEPS} steps of {kind}", count == 0, str(count))
    for entry in read_plan(model_path(model), f"--batch={batch}")["entries"]:
        found = ", ".join(f"{count} {reason}" for reason, count in entry["copies"].items()) or "none"
        check(f"copies of {entry['name']}, by reason", set(entry["copies"]) <= COPY_REASONS, found)
    program = compile_model(model_path(model), batch=batch, directory=tempfile.mkdtemp(dir=folder))
    check("guard pages", run_in_child(lambda: run_between_guards(program)), "untouched")
    results = run_on(program, 0x00)
    check("bits on a poisoned arena", run_on(program, 0xFF) == results, "the same")

    # Buffers that overlay each other would hide what one of them leaves untouched, or reads when it should be dead.
    apart_path, tiled_path = os.path.join(folder, f"{model}-{batch}.mlir"), os.path.join(folder, "tiled.mlir")
    run(NNC_OPT, model_path(model), f"--batch={batch}", "--phase=tiled", "-o", tiled_path)
    run(NNC_OPT, tiled_path, "--nn-plan-arena=overlay=false", "-o", apart_path)
    apart = compile_model(apart_path, batch=batch, directory=tempfile.mkdtemp(dir=folder))
    check("bits with every buffer apart", run_on(apart, 0xFF) == results, "the same")
    for layout, its_program in (("", program), (", apart", apart)):
        variables = its_program.variable_bytes()
        for entry in entries_init_first(its_program):
            planned_arena, planned_scratch = its_program.planned_bytes(entry)
            touched_arena, touched_scratch = touched_bytes(its_program, entry)
            # The variables hold values already where the entry is not init.
            if its_program.entries[entry].kind == INIT:
                planned_arena |= variables
            else:
                touched_arena &= ~variables
            for area, planned, touched in (("arena", planned_arena, touched_arena),
                                           ("scratch", planned_scratch, touched_scratch)):
                if not planned.any() and not touched.any():
                    continue
                outside, untouched = int((touched & ~planned).sum()), int((planned & ~touched).sum())
                check(f"{area} of {entry}{layout}", outside == 0 and untouched == 0,
                      f"{int(planned.sum())} bytes planned, {untouched} untouched, {outside} touched outside")
    return violations


def main():
    only = arguments(__doc__, only="models whose name holds this text").only
    table = Table(("model", 16), ("batch", 5), ("what", 44), ("found", 40))
    with tempfile.TemporaryDirectory() as folder:
        violations = sum(check_model(model, batch, folder, table) for model, batches in MODELS_AND_BATCHES.items()
                         if only in model for batch in batches)
    finish(violations == 0, f"{violations} violations")


if __name__ == "__main__":
    main()
