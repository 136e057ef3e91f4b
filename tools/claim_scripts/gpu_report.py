"""Claim gpu-report: what nnc-opt --target=cuda --nn-plan and --nn-report say of a GPU's memory is what the program asks
the GPU for, for every file of models/; neither takes a GPU or a driver.

- the arena's bytes: in the plan, in the program's descriptor, in what nnc-run train --dry-run says, the same number; the
  report's memory of a step is the plan's peak of its entry point;
- launches: kernel, blocks, threads and shared memory of a block, one by one, in the plan and in the descriptor's launch
  table; the report's kernels are the same launches, one each, as are the descriptor's in a program for a profile;
- the same where all products that cuBLASLt can do are left to it: its workspace is planned, and a launch's product is the
  same in plan and descriptor;
- each entry point's arena is at most 2 % larger than the most bytes that are alive at one time, as on CPUs; the bytes that
  the CPU's program takes stand beside it.

--batch takes one batch size in place of 32 (and, with --release, 1 and 128 too)."""

import json
import os
import re
import tempfile

from nnc_program import compile_model
from report import MODELS, NNC_OPT, NNC_RUN, Table, arguments, finish, read_plan, run

MOST = 1.02
ENTRIES = "--entries=init,train,evaluate"


def launches_of(entry):
    """The launch table of an entry point of a descriptor, in the plan's words."""
    return [{"kernel": launch.kernel.decode(), "blocks": launch.blocks, "threads": launch.threads,
             "shared_bytes": launch.shared_bytes, **product_of(launch)} for launch in entry.launches[:entry.launch_count]]


def product_of(launch):
    if not launch.product:
        return {}
    return {"product": {name: getattr(launch.product.contents, name) for name in ("batches", "rows", "columns", "terms")}}


def without_op(launch):
    return {key: value for key, value in launch.items() if key != "op"}


def sizes(launch, blocks):
    return launch[blocks], launch["threads"], launch["shared_bytes"]


def read_dry_run(path, batch, library):
    """The bytes of a GPU's memory that nnc-run says, of this batch alone: it is asked as where there is no driver."""
    environment = os.environ | {"NNC_CUDA_DRIVER": os.path.join(MODELS, "none.so")}
    text = run(NNC_RUN, "train", path, "--target=cuda", "--dry-run", "--batch", batch, *library, env=environment).stdout
    return int(re.search(r"\((\d+) bytes\) of a GPU's memory", text).group(1))


def compare(model, batch, library, folder, table):
    """What disagrees, and the greatest ratio of an entry point's arena to its lower bound; `library` are options."""
    path = os.path.join(MODELS, f"{model}.mlir")
    target = ("--target=cuda", f"--batch={batch}", *library)
    plan = read_plan(path, *target, ENTRIES)
    on_cpu = {entry["name"]: entry["peak_bytes"] for entry in read_plan(path, f"--batch={batch}", ENTRIES)["entries"]}
    report = json.loads(run(NNC_OPT, path, "--nn-report=json", *target).stdout)
    place = tempfile.mkdtemp(dir=folder)
    program = compile_model(path, directory=place, batch=batch, target="cuda", options=(ENTRIES, "--profile", *library))
    asked = {"descriptor": program.descriptor.arena_bytes, "--dry-run": read_dry_run(path, batch, library)}
    wrong = [f"{' '.join((model, *library))}: the arena has {plan['arena_bytes']} bytes in the plan, {found} in {where}"
             for where, found in asked.items() if found != plan["arena_bytes"]]
    ratios = []
    for entry in plan["entries"]:
        name = entry["name"]
        peak, bound = entry["peak_bytes"], entry["lower_bound_bytes"]
        launches = entry.get("launches", [])
        described = program.entry(name)
        if list(map(without_op, launches)) != launches_of(described):
            wrong.append(f"{name}: the plan's launches are not the descriptor's")
        if described.kernel_count != described.launch_count and launches:
            wrong.append(f"{name}: {described.launch_count} launches, {described.kernel_count} kernels in a profile")
        if launches:
            ratios.append(peak / bound)
        table.row(model, batch, name, peak, bound, f"{peak / bound:.4f}", on_cpu[name], len(launches),
                  max((launch["shared_bytes"] for launch in launches), default=0),
                  sum("product" in launch for launch in launches))
    if library and not any("product" in launch for entry in plan["entries"] for launch in entry.get("launches", [])):
        wrong.append(f"{model}: has no product for the library")
    planned = {entry["name"]: entry for entry in plan["entries"]}
    for step in report["steps"]:
        entry = planned[f"{step['name']}.train"]
        if step["peak_bytes"] != entry["peak_bytes"] or step["lower_bound_bytes"] != entry["lower_bound_bytes"]:
            wrong.append(f"{step['name']}: the report's memory is not the plan's")
        if [sizes(kernel, "tasks") for kernel in step["kernels"]] != [sizes(l, "blocks") for l in entry["launches"]]:
            wrong.append(f"{step['name']}: the report's launches are not the plan's")
    return wrong, max(ratios)


def main():
    options = arguments(__doc__, only="models whose name holds this text", batch="one batch size")
    batches = [int(options.batch)] if options.batch else [1, 32, 128] if options.release else [32]
    models = sorted(file.removesuffix(".mlir") for file in os.listdir(MODELS) if file.endswith(".mlir"))
    models = [model for model in models if options.only in model]
    table = Table(("model", 22), ("batch", 5), ("entry point", 24), ("arena", 10), ("lower bound", 11), ("ratio", 6),
                  ("on the CPU", 10), ("launches", 8), ("shared", 7), ("cuBLASLt", 8))
    wrong, ratios = [], []
    with tempfile.TemporaryDirectory() as folder:
        for model in models:
            for batch in batches:
                for library in ((), ("--cublaslt=always",)):
                    found, ratio = compare(model, batch, library, folder, table)
                    wrong += found
                    ratios.append(ratio)
    for line in wrong:
        print(f"VIOLATION {line}")
    finish(not wrong and max(ratios) <= MOST,
           f"{len(wrong)} differences between plan, report, descriptor and dry run of {len(models)} models; arenas at most "
           f"{max(ratios):.4f} of the lower bound")


if __name__ == "__main__":
    main()
