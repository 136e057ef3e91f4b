"""Claim receipt, for every file of models/ and its own data set: what nnc-opt --nn-report says that a training step costs is
what the compiled step does.

- bytes: each entry point touches just the bytes planned for it (nnc-run train --assert-plan);
- multiply-adds, forward and backward, by layer: equal to counters in the bodies of the step's products, read after one
  step on the first rows, compiled for the reference target, whose loops run such a body once for each multiply-add
  (nnc-test-opt --nn-test-count-products; nothing is derived from shapes);
- time: the report's least time of a step on this machine, as nnc-run describe-device measured it, beside the median of
  measured steps. Printed and not judged: it is a bound for a machine that does nothing else, and this one may."""

import json
import os
import re
import statistics
import tempfile
from collections import Counter

import numpy as np

from arena import make_inputs
from nnc_program import TRAIN, compile_model
from report import BUILD, MODELS, NNC_OPT, NNC_RUN, Table, arguments, finish, get_data, run

NNC_TEST_OPT = os.path.join(BUILD, "bin", "nnc-test-opt")
STAGES = ("forward", "backward")
BATCH, STEPS = 32, 20


def model_files():
    return sorted(file.removesuffix(".mlir") for file in os.listdir(MODELS) if file.endswith(".mlir"))


def own_data(path):
    """The folder of the data set that the model file's head says it is for."""
    with open(path) as file:
        return get_data(re.search(r"^//\s+tools/get-data (\S+)", file.read(), re.MULTILINE).group(1))


def draw_rows(path, count):
    """Rows of every input of the training step, at random."""
    program = compile_model(path, batch=count, entries="train")
    return make_inputs(program, program.entry_of_kind(TRAIN))


def read_rows(path, folder, count):
    """The first training rows of the model's data set, as nnc-run reads them."""
    encoded = os.path.join(folder, "encoded")
    run(NNC_RUN, "encode", path, "--data", own_data(path), "--batch", BATCH, "--output", encoded)
    train = os.path.join(encoded, "train")
    return {file.removesuffix(".npy"): np.load(os.path.join(train, file), mmap_mode="r")[:count]
            for file in os.listdir(train) if file.endswith(".npy")}


def count_products(path, step, rows, folder):
    """Multiply-adds of one training step by layer and stage, as counters in the program say."""
    plain, counting = os.path.join(folder, "linalg.mlir"), os.path.join(folder, "counting.mlir")
    target = ("--target=reference", f"--batch={BATCH}")
    run(NNC_OPT, path, "--phase=linalg", *target, "--entries=init,train", "--mlir-print-debuginfo", "-o", plain)
    # Whose an op is stands in its location.
    run(NNC_TEST_OPT, plain, "--nn-test-count-products", "--mlir-print-debuginfo", "-o", counting)
    with open(counting) as file:
        text = re.search(rf'@"?{re.escape(step)}\.train"?\(.*?nn\.products = \[(.*?)\]', file.read()).group(1)
    origins = re.findall('"(.*?)"', text)
    program = compile_model(counting, batch=BATCH, target="reference", directory=folder)
    instance = program.instance()
    instance.run("init", seed=1)
    inputs = {name: values[:BATCH] for name, values in rows.items()} | {"products": np.zeros(len(origins), np.int64)}
    products = instance.run(f"{step}.train", **inputs)["products"]
    counts = Counter()
    for origin, count in zip(origins, products, strict=True):
        stage, layer = origin.split(" ")
        counts[layer, stage] += int(count)
    return counts


def measure_step(path, step, data, folder):
    """Median seconds of the first steps of a training, as its trace has them."""
    trace = os.path.join(folder, "trace.json")
    run(NNC_RUN, "train", path, "--data", data, "--batch", BATCH, "--epochs", "1", "--trace", trace)
    with open(trace) as file:
        events = json.load(file)["traceEvents"]
    return statistics.median(1e-6 * event["dur"] for event in events if event["name"] == f"{step}.train")


def check_plan(path, data):
    """Whether every entry point touches what was planned, and what nnc-run says of it."""
    process = run(NNC_RUN, "train", path, "--data", data, "--validation", "0.2", "--batch", BATCH, "--epochs", "1",
                  "--assert-plan", check=False)
    said = [line.partition("planned: ")[2] for line in process.stderr.splitlines() if "those planned: " in line]
    return process.returncode == 0 and bool(said), "; ".join(said) or process.stderr.strip()


def main():
    options = arguments(__doc__, only="models whose name holds this text", rows="drawn: rows at random, and no data set")
    table = Table(("layer", 28), ("stage", 8), ("report", 14), ("counted", 14), ("difference", 10))
    models = [model for model in model_files() if options.only in model]
    if not models:
        finish(False, f"no file of models/ has '{options.only}' in its name")
    differences, kept, times = 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        device = os.path.join(folder, "here.json")
        with open(device, "w") as file:
            file.write(run(NNC_RUN, "describe-device").stdout)
        for model in models:
            path, place = os.path.join(MODELS, f"{model}.mlir"), tempfile.mkdtemp(dir=folder)
            count, data = (STEPS + 1) * BATCH, os.path.join(place, "rows.npz")
            rows = draw_rows(path, count) if options.rows == "drawn" else read_rows(path, place, count)
            np.savez(data, **rows)
            report = json.loads(run(NNC_OPT, path, "--nn-report=json", f"--batch={BATCH}", f"--device={device}").stdout)
            for step in report["steps"]:
                print(f"{model}, @{step['name']}")
                counted = count_products(path, step["name"], rows, place)
                for layer in step["layers"]:
                    name = layer.get("path", "")
                    for stage in STAGES:
                        said, found = layer["multiply_adds"][stage], counted.pop((name, stage), 0)
                        if said or found:
                            table.row(f"  {name or '(no layer)'}", stage, said, found, said - found)
                        differences += abs(said - found)
                # Of nothing that the report has.
                for (name, stage), found in counted.items():
                    table.row(f"  {name}", stage, "-", found, "VIOLATION" if found else 0)
                    differences += found
                seconds = measure_step(path, step["name"], data, place)
                times.append((model, step["total"]["seconds"], seconds))
            holds, said = check_plan(path, data)
            kept += holds
            print(f"{model}: planned and touched: {said}", flush=True)
    print()
    table = Table(("model", 20), ("estimate ms", 11), ("median ms", 9), ("estimate / measured", 19))
    for model, estimate, measured in times:
        table.row(model, f"{1e3 * estimate:.2f}", f"{1e3 * measured:.2f}", f"{estimate / measured:.2f}")
    finish(differences == 0 and kept == len(models),
           f"multiply-adds reported and counted differ by {differences}; {kept} of {len(models)} models touch just the bytes "
           f"planned; estimates are {min(e / m for _, e, m in times):.2f} to {max(e / m for _, e, m in times):.2f} of "
           "measured step times")


if __name__ == "__main__":
    main()
