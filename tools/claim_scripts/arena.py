"""Claim arena, for the perceptron and the flagship:

- a step asks the system for no memory (malloc and its kin, mmap: 0 calls after start-up);
- every copy in the compiled program has a reason from the closed list;
- guard pages right before and after the arena are never touched, and of an arena painted with a pattern each entry point
  touches every byte that was planned for it and none besides;
- results and variables have the same bits whatever was in the arena before.
"""

import ctypes
import mmap
import os
import re
import tempfile

import numpy as np

from nnc_program import DATA, DTYPES, INIT, Instance, compile_model, run_tool
from report import BUILD, LLVM_BIN, MODELS, NNC_OPT, ROOT, Table, arguments, finish, run

MODELS_AND_BATCHES = {"mlp": 32, "text_classifier": 8}
HERE = os.path.dirname(os.path.abspath(__file__))
WORKERS, STEPS = 2, 20
ELEMENT_BYTES = {"f32": 4, "f64": 8, "i32": 4, "i64": 8, "i8": 1, "i1": 1, "index": 8}


def model_path(model):
    return os.path.join(MODELS, f"{model}.mlir")


# Copies


def copies(model, batch):
    """How many copies there are of each reason, None standing for no reason."""
    printed = run(NNC_OPT, model_path(model), "--phase=tiled", f"--batch={batch}").stdout
    counts = {}
    for line in printed.splitlines():
        if "memref.copy" in line:
            reason = re.search(r'nn\.copy_reason = "(\w+)"', line)
            key = reason.group(1) if reason else None
            counts[key] = counts.get(key, 0) + 1
    return counts


# The plan


def planned_bytes(model, batch, arena_bytes):
    """For each entry point, which bytes of the arena its buffers take, as the planned phase places them."""
    printed = run(NNC_OPT, model_path(model), "--phase=planned", f"--batch={batch}").stdout
    plans, plan, constants = {}, None, {}
    for line in printed.splitlines():
        function = re.match(r"\s*func\.func (?:private )?@([\w.]+)\(%(\w+)", line)
        if function:
            # The bodies of an entry's parallel loops are functions of their own.
            entry = re.sub(r"\.parallel_\d+$", "", function.group(1))
            plan = plans.setdefault(entry, np.zeros(arena_bytes, bool))
            arenas, constants = {function.group(2)}, {}
        cast = re.match(r"\s*%(\w+) = builtin\.unrealized_conversion_cast .* to memref<\?xi8>", line)
        if cast:
            arenas.add(cast.group(1))
        constant = re.match(r"\s*%(\S+) = arith\.constant (\d+) : index", line)
        if constant:
            constants[constant.group(1)] = int(constant.group(2))
        view = re.match(r"\s*%\S+ = memref\.view %(\w+)\[%(\w+)\]\[\] .*: memref<\?xi8> to memref<([\dx]*)(\w+)>", line)
        # A worker's scratch lies behind the arena, at an offset that is not a constant.
        if view and view.group(1) in arenas and view.group(2) in constants:
            offset = constants[view.group(2)]
            count = int(np.prod([int(n) for n in view.group(3).split("x") if n], dtype=np.int64))
            plan[offset : offset + count * ELEMENT_BYTES[view.group(4)]] = True
    return plans


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
    """Which bytes an entry (and whoever gives it inputs) writes: those that keep two different paints are untouched."""
    state_bytes = program.descriptor.state_bytes
    is_init = program.entries[entry].kind == INIT
    touched = np.zeros(program.descriptor.arena_bytes, bool)
    for paint in (0xA5, 0x5A):
        instance = Instance(program, WORKERS, fill=paint)
        if not is_init:
            initialized = Instance(program, WORKERS)
            initialized.run(program.entry_of_kind(INIT), seed=1)
            instance.arena[:state_bytes] = initialized.arena[:state_bytes]
        instance.run(entry, **make_inputs(program, entry))
        touched |= instance.arena[: touched.size] != paint
    if not is_init:  # the variables hold values already
        touched[:state_bytes] = False
    return touched


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
        run_tool("clang++", "-fopenmp", "-fuse-ld=lld",
                 # The program it opens finds the parallel loop in it.
                 "-rdynamic", "-Wl,-u,nnc_rt_parallel_for", "-I", os.path.join(ROOT, "runtime", "include"), "-x", "c",
                 os.path.join(HERE, "arena_steps.c"), "-x", "none", os.path.join(BUILD, "lib", "libnnc_runtime.a"),
                 "-lz", "-lcsv", "-lutf8proc", "-ldl", "-o", steps)
    program, shared = os.path.join(folder, f"{model}.o"), os.path.join(folder, f"{model}.so")
    run(NNC_OPT, model_path(model), "--phase=binary", f"--batch={batch}", "-o", program)
    run(os.path.join(LLVM_BIN, "ld.lld"), "-shared", "-Bsymbolic", "-o", shared, program)
    instance_program = compile_model(model_path(model), batch=batch, directory=tempfile.mkdtemp(dir=folder))
    entry = next(name for name in instance_program.entries if name.endswith(".train"))
    data = os.path.join(folder, f"{model}.npz")
    np.savez(data, **make_inputs(instance_program, entry))
    printed = run(steps, shared, data, WORKERS, STEPS, env=dict(os.environ, LD_PRELOAD=preload)).stdout
    return {name: int(count) for name, count in (line.split() for line in printed.splitlines())}


def check_model(model, batch, folder, table):
    """The violations found on one model."""
    violations = 0

    def check(what, holds, detail):
        nonlocal violations
        violations += not holds
        table.row(model, what, detail + ("" if holds else "  VIOLATION"))

    for kind, count in allocation_counts(model, batch, folder).items():
        check(f"calls for memory in {STEPS} steps of {kind}", count == 0, str(count))
    reasons = copies(model, batch)
    described = ", ".join(f"{count} {reason}" for reason, count in reasons.items()) or "none"
    check("copies, by reason", None not in reasons, described)
    program = compile_model(model_path(model), batch=batch, directory=tempfile.mkdtemp(dir=folder))
    check("guard pages", run_in_child(lambda: run_between_guards(program)), "untouched")
    plans = planned_bytes(model, batch, program.descriptor.arena_bytes)
    for entry in entries_init_first(program):
        plan = plans[entry].copy()
        if program.entries[entry].kind != INIT:
            plan[: program.descriptor.state_bytes] = False
        touched = touched_bytes(program, entry)
        outside, untouched = int((touched & ~plan).sum()), int((plan & ~touched).sum())
        check(f"bytes of {entry}", outside == 0 and untouched == 0,
              f"{int(plan.sum())} planned, {untouched} untouched, {outside} touched outside")
    check("bits on a poisoned arena", run_on(program, 0x00) == run_on(program, 0xFF), "the same")
    return violations


def main():
    only = arguments(__doc__, only="models whose name holds this text").only
    table = Table(("model", 16), ("what", 42), ("found", 40))
    with tempfile.TemporaryDirectory() as folder:
        violations = sum(check_model(model, batch, folder, table) for model, batch in MODELS_AND_BATCHES.items()
                         if only in model)
    finish(violations == 0, f"{violations} violations")


if __name__ == "__main__":
    main()
