"""Every model of models/, at reduced width, as a GPU runs it, on the emulator: a step of training, evaluation and
prediction give the CPU's bits, and no kernel races. The batch is a short one."""

import glob
import os
import re
import sys

import numpy as np

import nnc_program as nnc

BATCH, VALID, SEED = 5, 3, 1
KINDS = nnc.TRAIN, nnc.EVALUATE, nnc.PREDICT


def narrow(text):
    """Layers and vocabularies an eighth as wide, where they are wide."""
    return re.sub(r"\b(units|dim|vocab) = (\d+)",
                  lambda m: f"{m[1]} = {int(m[2]) // 8 if int(m[2]) >= 64 else m[2]}", text)


def draw_inputs(program, entry, random):
    values = {}
    for name, description in program.inputs(entry).items():
        shape, dtype = description.tensor.shape[: description.tensor.rank], nnc.DTYPES[description.tensor.dtype]
        if description.role == nnc.VALID:
            values[name] = VALID
        elif description.role == nnc.DATA and dtype.kind == "f":
            values[name] = random.standard_normal(tuple(shape)).astype(dtype)
        elif description.role == nnc.DATA:
            values[name] = random.integers(description.range_min, description.range_max + 1, tuple(shape))
    return values


def run(text, target, **how):
    """What the entries give, by name, and the variables."""
    program = nnc.compile_model(text, batch=BATCH, target=target)
    instance = program.instance(**how)
    instance.run("init", seed=SEED)
    random, results = np.random.default_rng(SEED), {}
    for name in sorted(program.entries, key=lambda name: program.entries[name].kind):
        if program.entries[name].kind in KINDS:
            outputs = instance.run(name, **draw_inputs(program, name, random))
            results.update({f"{name} {key}": value for key, value in outputs.items()})
    return results | {key: value.copy() for key, value in instance.variables.items()}


different = 0
for path in sorted(glob.glob(os.path.join(nnc.SOURCE_DIR, "models", "*.mlir"))):
    with open(path) as file:
        text = narrow(file.read())
    expected = run(text, "cpu")
    for target, how in (("cuda-emulator", {"workers": 2, "reverse": True}), ("cuda-races", {})):
        got = run(text, target, **how)
        wrong = [key for key, value in expected.items() if not np.array_equal(value, got[key], equal_nan=True)]
        print(f"{os.path.basename(path)}, {target}: {len(expected)} results, other bits: {', '.join(wrong) or 'none'}")
        different += bool(wrong)
sys.exit(1 if different else 0)
