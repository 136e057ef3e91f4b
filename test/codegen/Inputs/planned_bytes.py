"""The bytes that a program says its entry points touch are those of the buffers that --nn-plan prints for it."""

import json
import subprocess
import sys

import numpy as np

from nnc_program import BUILD_DIR, compile_model

model = sys.argv[1]
program = compile_model(model, batch=8)
printed = subprocess.run([f"{BUILD_DIR}/bin/nnc-opt", model, "--batch=8", "--nn-plan=json"], capture_output=True)
entries = json.loads(printed.stdout)["entries"]
assert [entry["name"] for entry in entries] == list(program.entries)
for entry in entries:
    arena, worker = program.planned_bytes(entry["name"])
    expected = {False: np.zeros_like(arena), True: np.zeros_like(worker)}
    for buffer in entry["buffers"]:
        area = expected[buffer["kind"] == "scratch"]
        area[buffer["offset"] : buffer["offset"] + buffer["bytes"]] = True
    assert (arena == expected[False]).all() and (worker == expected[True]).all(), entry["name"]
    print(entry["name"], arena.sum(), worker.sum())
