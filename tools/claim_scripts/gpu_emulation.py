"""Claim gpu-emulation: compiled for a GPU, whose kernels an emulator runs on this machine, every model in models/, random
models with every layer, loss, optimiser and schedule between them, and recurrent layers so wide that blocks share them train,
evaluate and predict with the bits of the CPU's program; threads race nowhere; and NVIDIA's assembler takes every kernel for
compute capability 8.0 and 9.0, without a byte of spilled registers, but for the wide layers (64 bytes of a thread at most).
With products of tf32 and bf16, models/ and a wide one train without races too, their kernels assemble the same, and losses are
those of the CPU to 1e-4 and 1e-3 in the first step, to 5e-3 and 2e-2 in the next. With products left to a library that plays
cuBLASLt, whose sums have another order, gradients are those of the CPU to 1e-5 of the largest element, losses to 1e-6 in the
first step and to 1e-4 in the next. Models are of reduced width, but for --release."""

import argparse
import ctypes
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from report import MODELS, NNC_OPT, ROOT, Table, arguments, finish

for part in ("benchmarks", os.path.join("benchmarks", "gpu")):
    sys.path.insert(0, os.path.join(ROOT, part))

from drawn_data import drawn_rows  # noqa: E402
from layer_networks import LayerNetwork, layer_networks  # noqa: E402
from nnc_program import DATA, INIT, LEARNING_RATE, PREDICT, SEED, TRAIN, VALID, compile_model  # noqa: E402
from wide_networks import GPU_BLOCKS, STEPS as WIDE_STEPS, wide_batch, wide_network, wide_networks  # noqa: E402

SELF = os.path.abspath(__file__)
ENTRIES = "init,train,evaluate,predict,gradient"
MODEL_BATCH, MODEL_STEPS, LAYER_STEPS = 24, 2, 3
# Bytes of registers that a thread spills at most: of wide networks, whose code for all of a time step has 128 registers.
MOST_SPILLS, MOST_SPILLS_OF_WIDE = 0, 64
# How far losses may be from f32's, relative: factors are rounded to a mantissa of 10 and of 7 bits. In the first step, and in
# any: Adam divides small gradients by themselves.
ROUNDED = {"tf32": (1e-4, 5e-3), "bf16": (1e-3, 2e-2)}
# The same where a library does products in f32, in another order; and before them of gradients.
LIBRARY_BOUNDS = 1e-5, 1e-6, 1e-4
LIBRARY = os.path.join(os.path.dirname(NNC_OPT), "..", "lib", "libnnc-fake-cublaslt.so")
# After a model's name: its embeddings update the rows that a batch names and no others.
LAZY = ":lazy"
# Of reduced models: widths and time steps are divided by these, the sides of images halved, and the vocabulary is this.
WIDTH_DIVISOR, TIME_DIVISOR, VOCABULARY = 4, 8, 300


def narrow(text):
    """A model file of models/ with fewer units, steps and words."""
    text = re.sub(r"(units|dim) = (\d+)(?=[,}])", lambda found: f"{found[1]} = {reduced(int(found[2]))}", text)
    text = text.replace("784", "196").replace("[28, 28]", "[14, 14]")
    text = re.sub(r"\?x(\d+)xi32", lambda found: f"?x{int(found[1]) // TIME_DIVISOR}xi32", text)
    return re.sub(r"vocab = \d+", f"vocab = {VOCABULARY}", text)


def reduced(units):
    """Classes stay what they are."""
    return units // WIDTH_DIVISOR if units > 20 else units


class Case:
    """A network: its model file, and the batches that it is trained on, the last one short."""

    def __init__(self, name, is_full):
        self._layers = LayerNetwork(name) if name.startswith("layers:") else None
        self.gpu_options = []
        if name.startswith("wide:"):
            self.text, self.batch, self.steps = wide_network(name), wide_batch(name), WIDE_STEPS
            self.rows, self.gpu_options = self.batch - 1, [f"--gpu-blocks={GPU_BLOCKS}"]
            return
        if self._layers:
            self.text, self.steps = self._layers.model(), LAYER_STEPS
            self.batch, self.rows = self._layers.batch, self._layers.rows
            return
        model, is_lazy, _ = name.removeprefix("models/").partition(LAZY)
        with open(os.path.join(MODELS, f"{model}.mlir")) as file:
            text = file.read()
        self.text, self.batch, self.steps = text if is_full else narrow(text), MODEL_BATCH, MODEL_STEPS
        self.rows = self.batch * 2 // 3
        if is_lazy:
            self.text = re.sub(r"(nn\.embedding .*)}", r"\1, lazy}", self.text)

    def batches(self, program):
        """Data by entry and input, and how many samples of it are there. Models may take what steps do not."""
        inputs = data_of(program, program.entry_of_kind(TRAIN))
        data = self._layers.data() if self._layers else drawn_rows(inputs, self.batch * self.steps)
        for step in range(self.steps):
            rows = self.rows if self._layers or step == self.steps - 1 else self.batch
            of_step = {name: padded(values[step * rows :][:rows], self.batch) for name, values in data.items()}
            yield {name: of_step if entry.kind != PREDICT else drawn_rows(data_of(program, name), self.batch, step)
                   for name, entry in program.entries.items()}, rows


def data_of(program, entry):
    return {name: value for name, value in program.inputs(entry).items() if value.role == DATA}


def padded(values, count):
    """What lies behind the samples that are there is the last one again."""
    return np.concatenate([values, np.repeat(values[-1:], count - len(values), axis=0)])


def run_program(case, target, options=()):
    """Everything that a program computes: of every entry and step, all outputs and variables. Yields a name and bytes."""
    options = [*case.gpu_options, *options] if target.startswith("cuda") else []
    program = compile_model(case.text, batch=case.batch, entries=ENTRIES, target=target, options=options)
    instance = program.instance()
    instance.run(program.entry_of_kind(INIT), seed=1)
    for step, (data, valid) in enumerate(case.batches(program)):
        for name, entry in program.entries.items():
            if entry.kind == INIT:
                continue
            values = {}
            for key, value in program.inputs(name).items():
                given = {DATA: lambda: data[name][key], VALID: lambda: valid, SEED: lambda: step + 5,
                         LEARNING_RATE: lambda: value.default_value}
                values[key] = given[value.role]()
            outputs = instance.run(name, **values)
            for key, output in outputs.items():
                yield f"step {step}, {name}, {key}", np.asarray(output).tobytes()
            for key, variable in instance.variables.items():
                yield f"step {step}, {name}, {key}", variable.tobytes()


def compare(case):
    """Where the emulator's bits first differ from the CPU's; empty where they do nowhere. And how many values there are."""
    count = 0
    for (place, expected), (_, found) in zip(run_program(case, "cpu"), run_program(case, "cuda-emulator"), strict=True):
        count += 1
        if expected != found:
            return {"differs": place, "values": count}
    return {"differs": "", "values": count}


def detect_races(case):
    for _ in run_program(case, "cuda-races"):  # A race ends the process.
        pass
    return {}


def read_loss(value):
    return float(np.frombuffer(value, np.float64)[0])


def losses(case, target, options=()):
    return [read_loss(value) for place, value in run_program(case, target, options) if place.endswith(", loss")]


def errors(found, expected):
    """How far the first loss and the farthest are from those expected."""
    relative = np.abs(np.subtract(found, expected)) / np.abs(expected)
    return float(relative[0]), float(relative.max())


def compare_rounded(case):
    """By precision, how far the first loss and the farthest are from the CPU's; a race ends the process."""
    expected = losses(case, "cpu")
    return {precision: errors(losses(case, "cuda-races", [f"--matmul-precision={precision}"]), expected)
            for precision in ROUNDED}


def compare_library(case):
    """The same where a library does all products that it can, and how far elements of the first gradients are, of each one's
    largest; how many products it has done."""
    os.environ["NNC_CUBLASLT"] = LIBRARY
    done = ctypes.c_int64.in_dll(ctypes.CDLL(LIBRARY), "nnc_fake_cublaslt_products")
    pairs, gradient = [], 0
    runs = run_program(case, "cpu"), run_program(case, "cuda-emulator", ["--cublaslt=always"])
    for (place, expected), (_, found) in zip(*runs, strict=True):
        if place.endswith(", loss"):
            pairs.append((read_loss(found), read_loss(expected)))
        elif place.startswith("step 0") and "gradient, " in place and not place.endswith("accuracy"):
            expected, found = (np.frombuffer(values, np.float32).astype(np.float64) for values in (expected, found))
            gradient = max(gradient, float(np.abs(found - expected).max() / np.abs(expected).max()))
    return {"errors": (gradient, *errors(*zip(*pairs))), "products": done.value}


def assemble_rounded(case):
    return {precision: assemble(case, precision) for precision in ROUNDED}


def assemble(case, precision="f32"):
    """What ptxas says of each kernel."""
    with tempfile.NamedTemporaryFile("w", suffix=".mlir") as model:
        model.write(case.text)
        model.flush()
        command = [NNC_OPT, model.name, "--phase=binary", "--target=cuda", f"--batch={case.batch}", f"--entries={ENTRIES}",
                   f"--matmul-precision={precision}", *case.gpu_options]
        result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(result.stderr.strip())
    resources = re.search(r"nn\.kernel_resources = \[(.*?)\]", result.stdout)[1]
    kernels = [dict(re.findall(r'(\w+) = "?(\w+)', kernel)) for kernel in re.findall(r"\{(.*?)\}", resources)]
    count = len({kernel["kernel"] for kernel in kernels})
    return {"kernels": count, "assembled": len(kernels),
            "registers": max((int(kernel["registers"]) for kernel in kernels), default=0),
            "spills": max((int(kernel["spill_bytes"]) for kernel in kernels), default=0)}


CHECKS = {"compare": compare, "races": detect_races, "assemble": assemble}
CHECKS_OF_PRODUCTS = {"rounded": compare_rounded, "rounded-assemble": assemble_rounded, "library": compare_library}


def ask(check, name, is_full):
    """A check in a process of its own, which a race or a crash ends; its result, or what it said."""
    command = [sys.executable, SELF, "--check", check, "--network", name, *(["--release"] if is_full else [])]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        return {"failure": (result.stderr.strip() or f"left with {result.returncode}")[-600:]}
    return json.loads(result.stdout.splitlines()[-1])


def is_sound(name):
    """Whether its losses on the CPU are numbers: else a difference would say nothing."""
    return bool(np.isfinite(losses(Case(name, False), "cpu")).all())


class Totals:
    """Of all that ptxas has taken."""

    def __init__(self):
        self.kernels = self.registers = self.spills = 0

    def add(self, name, assembled):
        """What is wrong with a network's kernels."""
        if "failure" in assembled:
            return []
        self.kernels += assembled["kernels"]
        self.registers, self.spills = max(self.registers, assembled["registers"]), max(self.spills, assembled["spills"])
        most = MOST_SPILLS_OF_WIDE if name.startswith("wide:") else MOST_SPILLS
        wrong = [f"{name}: a kernel spills {assembled['spills']} bytes, more than {most}"] if assembled["spills"] > most else []
        if assembled["assembled"] != 2 * assembled["kernels"]:
            wrong.append(f"{name}: not every kernel is assembled twice")
        return wrong


def main():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--check", choices=CHECKS | CHECKS_OF_PRODUCTS)
    parser.add_argument("--network")
    parser.add_argument("--release", action="store_true")
    inner, _ = parser.parse_known_args()
    if inner.check:
        print(json.dumps((CHECKS | CHECKS_OF_PRODUCTS)[inner.check](Case(inner.network, inner.release))))
        return
    options = arguments(__doc__, networks="models/NAME[:lazy], layers:SEED and wide:NAME, separated by commas; default: all")
    names = [name for name in options.networks.split(",") if name]
    if not names:
        names = sorted(f"models/{file.removesuffix('.mlir')}" for file in os.listdir(MODELS) if file.endswith(".mlir"))
        names += [f"models/sections_averaged{LAZY}"]
        names += layer_networks(is_sound) + wide_networks()
    table = Table(("network", 28), ("values", 7), ("bits", 10), ("races", 6), ("kernels", 8), ("registers", 9), ("spills", 6),
                  *((f"{precision}: first, any", 16) for precision in ROUNDED), ("library: gradients, first, any", 30))
    failures, totals, products, libraries = [], Totals(), 0, 0
    for name in names:
        compared, races, assembled = (ask(check, name, options.release) for check in CHECKS)
        failures += [f"{name}: {found['failure']}" for found in (compared, races, assembled) if "failure" in found]
        if compared.get("differs"):
            failures.append(f"{name}: other bits from {compared['differs']} on")
        failures += totals.add(name, assembled)
        far, library = {}, {}
        if name.startswith(("models/", "wide:tall")):  # other wide ones have too few rows for tensor cores
            far, rounded, library = (ask(check, name, options.release) for check in CHECKS_OF_PRODUCTS)
            failures += [f"{name}: {found['failure']}" for found in (far, rounded, library) if "failure" in found]
            failures += [f"{name}: with the library, a gradient or a loss is off by {error:.1e}, more than {most:.0e}"
                         for error, most in zip(library.get("errors", ()), LIBRARY_BOUNDS) if not error <= most]
            products += library.get("products", 0)
            libraries += 1
            failures += [f"{name}: with {precision}, a loss is off by {error:.1e}, more than {most:.0e}"
                         for precision, bounds in ROUNDED.items()
                         for error, most in zip(far.get(precision, ()), bounds) if not error <= most]
            for precision in ROUNDED:
                failures += totals.add(f"{name} with {precision}", rounded.get(precision, rounded))
        bits = "failed" if "failure" in compared else "DIFFER" if compared["differs"] else "same"
        table.row(name, compared.get("values", ""), bits, "failed" if "failure" in races else "none",
                  assembled.get("kernels", "failed"), assembled.get("registers", ""), assembled.get("spills", ""),
                  *(" ".join(f"{error:.1e}" for error in found)
                    for found in (*(far.get(precision, ()) for precision in ROUNDED), library.get("errors", ()))))
    if libraries and not products:  # Small models may have none; all of them have some.
        failures.append("the library had no product to do")
    for failure in failures:
        print(failure)
    finish(not failures,
           f"{len(names)} networks, {len(failures)} failures; {totals.kernels} kernels for sm_80 and sm_90 take at most "
           f"{totals.registers} registers and spill at most {totals.spills} bytes (at most {MOST_SPILLS}, of wide layers "
           f"{MOST_SPILLS_OF_WIDE}); a library did {products} products in place of kernels")


if __name__ == "__main__":
    main()
