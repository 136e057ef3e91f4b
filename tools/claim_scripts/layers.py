"""Claim layers: every layer, loss and metric of the dialect, and every optimiser, in one table; which there are is asked of the
dialect's own description, so that one without a family in test/layers/ fails.

- gradient: the worst relative error against finite differences in f64, at most 1e-6 (test/gradient/check.py); none of a
  metric, which has no gradient, and of a mask, which has no floats;
- JAX: values, gradients, and what a training step makes of the parameters, all in f32, are off JAX in f64 by at most four
  times what JAX in f32 is, and 8 ulp of the largest element. The worst error is printed as a share of what is allowed;
- optimisers: the losses and parameters of 20 steps on a small network, by the same rule.

--only takes those whose name holds a text; --release draws more layers, and has all optimisers with schedules and
clipping too."""

import collections
import concurrent.futures
import json
import multiprocessing
import os
import re
import sys

import numpy as np

from report import LLVM_BIN, ROOT, Table, arguments, finish, run

sys.path.append(os.path.join(ROOT, "test", "gradient"))
import check  # noqa: E402
from beside_jax import compare, draw_layer, try_case, try_drawn, try_layer  # noqa: E402
from layer_families import draws, every  # noqa: E402
from nnc_program import TRAIN, compile_model  # noqa: E402
from rounding import allowed_error  # noqa: E402

import jax_reference as ref  # noqa: E402
import jax_trajectory  # noqa: E402

SEED, STEPS = 7, 20
# Attempts to draw a layer that some family's draws may or may not make.
TRIES = 400


def describe(file):
    """The records of a file of op or attribute descriptions."""
    include = run(os.path.join(LLVM_BIN, "llvm-config"), "--includedir").stdout.strip()
    return json.loads(run(os.path.join(LLVM_BIN, "llvm-tblgen"), "--dump-json", "-I", ROOT, "-I", include,
                          os.path.join(ROOT, "dialect", file)).stdout)


def list_ops():
    """Names of the layers, losses and metrics that a model file may hold, and of those that have no float result. What the
    compiler alone makes takes no name."""
    records = describe("NNOps.td")
    found, integers = [], set()
    for name in records["!instanceof"]["NN_Function"]:
        record = records[name]
        if "name" in [argument[1] for argument in record["arguments"]["args"]]:
            found.append(record["opName"])
            if all(result[0]["def"] == "NN_IndexTensor" for result in record["results"]["args"]):
                integers.add(record["opName"])
    return sorted(found), integers


def list_optimizers():
    records = describe("Attributes.td")
    return sorted(records[name]["mnemonic"] for name in records["!instanceof"]["NN_Optimizer"])


class Worst:
    """The largest of several errors, each beside what is allowed, and what it is of."""

    def __init__(self):
        self.share, self.where, self.count = 0.0, "", 0

    def add(self, got, exact, rounded, where):
        error, allowed = np.inf, allowed_error(exact, rounded)
        if got.shape == exact.shape:
            error = np.max(np.abs(got - exact), initial=0.0)
        share = error / allowed
        if np.isnan(share):
            share = np.inf
        self.count += 1
        if share >= self.share:
            self.share, self.where = share, f"{where}: off by {error:.2e}, allowed {allowed:.2e}"


def first_op(text):
    return re.search(r"nn\.(\w+)", text).group(1)


def list_trials(most_drawn):
    """What is compared with JAX, by op."""
    trials = collections.defaultdict(list)
    for case in every("jax_cases"):
        trials[first_op(case.body)].append(try_case(case))
    for batch, layer in every("jax_layers"):
        trials[layer.op].append(try_layer(batch, layer))
    for op, drawn in draw_layers(most_drawn).items():
        trials[op] += [try_drawn(value, layer, seed) for seed, (value, layer) in enumerate(drawn)]
    return trials


def draw_layers(count):
    """Layers by op, up to `count` of each."""
    random, drawn = np.random.default_rng(SEED), collections.defaultdict(list)
    for draw in draws():
        for _ in range(TRIES):
            made = draw_layer(draw, random)
            if made and len(drawn[made[1].op]) < count:
                drawn[made[1].op].append(made)
    return drawn


def compare_optimizer(name):
    """20 steps on a small network: the losses, and the parameters after them."""
    model, loss, optimizer = jax_trajectory.mlp_case(name)
    batches = list(jax_trajectory.mlp_batches(np.random.default_rng(SEED), "sparse, logits"))[:STEPS]
    program = compile_model(model, batch=len(batches[0]["x"]), entries="init,train")
    instance = program.instance()
    instance.run("init", seed=SEED)
    initial = {parameter: value.copy() for parameter, value in instance.parameters.items()}
    step = program.entry_of_kind(TRAIN)
    got = {"losses": np.array([instance.run(step, **batch)["loss"] for batch in batches])} | instance.parameters
    results = []
    for dtype in (np.float64, np.float32):
        in_dtype = [{key: value.astype(dtype if value.dtype.kind == "f" else value.dtype) for key, value in batch.items()}
                    for batch in batches]
        losses, parameters = ref.train(loss, {key: value.astype(dtype) for key, value in initial.items()}, in_dtype, optimizer)
        results.append({"losses": np.array(losses)} | {key: np.asarray(value, np.float64) for key, value in parameters.items()})
    worst = Worst()
    for key, value in results[0].items():
        worst.add(got[key], value, results[1][key], f"{name}: {key}")
    return worst


def main():
    given = arguments(__doc__, only="names that hold this text")
    table = Table(("", 36), ("kind", 9), ("gradient", 8), ("cases", 5), ("JAX, of allowed", 15), ("compared", 8),
                  ("", 5))
    failures, worst_gradient, worst_share, rows = [], 0.0, 0.0, 0

    def judge(name, kind, results, worst):
        """`results`: of the gradient's check; None where there is no gradient."""
        nonlocal worst_gradient, worst_share, rows
        found = [f"{name}: {failure}" for result in results or [] for failure in result.failures]
        if results == []:
            found.append(f"{name}: no gradient_cases in test/layers/ are named nn.{name}")
        if worst.count == 0:
            found.append(f"{name}: nothing in test/layers/ compares it with JAX")
        elif not worst.share <= 1:
            found.append(worst.where)
        gradient = max((result.gradient for result in results or []), default=0.0)
        worst_gradient, worst_share, rows = max(worst_gradient, gradient), max(worst_share, worst.share), rows + 1
        table.row(name, kind, f"{gradient:.1e}" if results else "-", len(results or []), f"{worst.share:.2f}", worst.count,
                  "FAILS" if found else "")
        failures.extend(found)

    every_op, integers = list_ops()
    ops = [op for op in every_op if given.only in op]
    optimizers = list_optimizers()
    trials = list_trials(10 if given.release else 3)
    metrics = {first_op(case.body) for case in every("jax_cases") if case.is_metric}
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn")) as pool:
        checks = collections.defaultdict(list)
        for case in every("gradient_cases"):
            op = case.name.removeprefix("nn.").partition("-")[0]
            if op in ops:
                checks[op].append(pool.submit(check.check_by_name, case.name, False, False))
        compared = compare([trial for op in ops for trial in trials[op]], ["cpu"], np.float64, np.float32)
        for op in ops:
            worst = Worst()
            for _ in trials[op]:
                trial, got, (exact, rounded) = next(compared)
                for name, value in exact.items():
                    worst.add(got["cpu"][name], value, rounded[name], f"{trial.where}: {name}")
            without_gradient = op in metrics or op in integers
            kind = "mask" if op in integers else "metric" if op in metrics else "op"
            judge(op, kind, None if without_gradient else [one.result() for one in checks[op]], worst)
    chosen = [name for name in jax_trajectory.OPTIMIZERS if given.release or name in jax_trajectory.FORMS]
    for mnemonic in (name for name in optimizers if given.only in name):
        names = [name for name in chosen if jax_trajectory.OPTIMIZERS[name][0].startswith(f"#nn.{mnemonic}<")]
        for name in names:
            judge(name, mnemonic, None, compare_optimizer(name))
        if not names:
            failures.append(f"{mnemonic}: tools/claim_scripts/jax_trajectory.py trains nothing with it")
    print("".join(f"{failure}\n" for failure in failures), end="")
    finish(not failures and rows > 0,
           f"{len(every_op)} ops and {len(optimizers)} optimisers there are, {rows} rows shown: gradients within "
           f"{worst_gradient:.1e} (at most {check.GRADIENT_TOLERANCE}), off JAX by at most {worst_share:.2f} of what is "
           f"allowed; {len(failures)} failures")


if __name__ == "__main__":
    main()
