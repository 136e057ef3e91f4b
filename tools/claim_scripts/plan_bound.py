"""Claim plan-bound, for the perceptron and the flagship:

- each entry point's arena is at most 2 % larger than the most bytes that are alive at one time, which no placement can
  do without; so is a worker's scratch;
- nnc-run train --assert-plan finds each entry point to touch just the bytes that were planned for it, and trains.
"""

import os
import tempfile

import numpy as np

from report import MODELS, NNC_RUN, Table, arguments, finish, read_plan, run

BATCHES = (1, 5, 32, 64, 128)
MOST = 1.02
TRAINED_BATCH, ROWS = 32, 80


def rows_of(model, random):
    """Inputs of the right shapes and ranges: what they hold changes no placement."""
    if model == "mlp":
        return {"image": random.random((ROWS, 784), np.float32), "label": random.integers(0, 10, ROWS, np.int32)}
    return {"tokens": random.integers(0, 10000, (ROWS, 64), np.int32), "label": random.integers(0, 20, ROWS, np.int32)}


def ratios(model, table):
    """The bytes planned for each entry point over the lower bound, every batch size's."""
    found = []
    for batch in BATCHES:
        for entry in read_plan(os.path.join(MODELS, f"{model}.mlir"), f"--batch={batch}")["entries"]:
            for area, prefix in (("arena", ""), ("scratch", "worker_")):
                peak, bound = entry[f"{prefix}peak_bytes"], entry[f"{prefix}lower_bound_bytes"]
                if bound:
                    found.append(peak / bound)
                    table.row(model, batch, f"{area} of {entry['name']}", peak, bound,
                              f"{found[-1]:.4f}" + ("" if found[-1] <= MOST else "  VIOLATION"))
    return found


def train(model):
    """Whether a short training with --assert-plan, validation included, came to its end, and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "rows.npz")
        np.savez(data, **rows_of(model, np.random.default_rng(1)))
        process = run(NNC_RUN, "train", os.path.join(MODELS, f"{model}.mlir"), "--data", data, "--validation", "0.4",
                      "--batch", TRAINED_BATCH, "--epochs", "1", "--assert-plan", check=False)
    lines = process.stderr.splitlines()
    said = [line for line in lines if "planned" in line or "error" in line] or lines
    return process.returncode == 0, "; ".join(said)


def main():
    only = arguments(__doc__, only="models whose name holds this text").only
    models = [model for model in ("mlp", "text_classifier") if only in model]
    table = Table(("model", 15), ("batch", 5), ("what", 30), ("planned", 10), ("lower bound", 11), ("ratio", 6))
    found = [ratio for model in models for ratio in ratios(model, table)]
    kept = 0
    for model in models:
        holds, said = train(model)
        kept += holds
        print(f"{model}, batch {TRAINED_BATCH}, nnc-run train --assert-plan: {said}", flush=True)
    finish(max(found) <= MOST and kept == len(models),
           f"at most {max(found):.4f} of the lower bound; {kept} of {len(models)} networks touch what was planned")


if __name__ == "__main__":
    main()
