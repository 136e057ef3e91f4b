"""Compares reports with what they are about: the plan that --nn-plan prints, and the descriptor of the program."""

import collections
import json
import math
import os
import subprocess
import sys

from nnc_program import BUILD_DIR, PARAMETER, SOURCE_DIR, compile_model

HERE = os.path.dirname(os.path.abspath(__file__))
NNC_OPT = os.path.join(BUILD_DIR, "bin", "nnc-opt")


def run(*arguments):
    return json.loads(subprocess.run([NNC_OPT, *arguments], check=True, capture_output=True).stdout)


def check(condition, message):
    if not condition:
        sys.exit(message)


def check_keys(value, keys, optional, where):
    missing, unknown = set(keys) - set(value), set(value) - set(keys) - set(optional)
    check(not missing and not unknown, f"{where}: lacks {sorted(missing)}, has unknown {sorted(unknown)}")


WORK = ["multiply_adds", "flops", "bytes", "flops_per_byte"]
MEMORY = {"parameters", "optimizer_state", "gradients", "activations", "working", "scratch"}
ROLES = {"parameter", "optimizer_state", "counter", "input", "output", "activation", "gradient", "working", "scratch"}


def check_schema(report, has_device):
    check(report["schema"] == "nnc-report/1", "the schema has another name")
    seconds = ["seconds"] if has_device else []
    optional = (["device", "samples"] if has_device else []) + (["target"] if report["steps"] else [])
    check_keys(report, ["schema", "file", "models", "steps", *optional], [], "the report")
    for model in report["models"]:
        counts = ["multiply_adds_per_sample", "depth", "longest_path"]
        check_keys(model, ["name", "parameters", *counts, "layers", "graph"], [], "a model")
        for layer in model["layers"]:
            fields = ["name", "path", "kind", "output_shapes", "parameters", "shared", *counts]
            check_keys(layer, fields, ["location"], "a layer")
        nodes = model["graph"]["nodes"]
        for node in nodes:
            check_keys(node, ["name", "kind"], ["layer"], "a node")
        for start, end in model["graph"]["edges"]:
            check(0 <= start < end < len(nodes), "an edge goes nowhere, or back")
        drawn = {node["layer"] for node in nodes if "layer" in node}
        check(drawn == set(range(len(model["layers"]))), "the graph lacks a layer")
    for step in report["steps"]:
        fields = ["name", "batch", "total", "peak_bytes", "lower_bound_bytes", "state_bytes", "layers", "kernels"]
        check_keys(step, [*fields, "times", "buffers"], ["epoch"], "a step")
        check_keys(step["total"], [*WORK, "memory", *seconds], [], "a total")
        for layer in step["layers"]:
            check_keys(layer, [*WORK, "memory", "share", "stages", *seconds], ["path", "model", "layer"], "a cost")
            check(set(layer["memory"]) == MEMORY, "memory is divided otherwise")
        for kernel in step["kernels"]:
            check_keys(kernel, ["name", "layer", "stage", "tasks", "flops", "bytes", *seconds], ["parts"], "a kernel")
        for buffer in step["buffers"]:
            fields = ["kind", "role", "type", "offset", "bytes", "first", "last"]
            check_keys(buffer, fields, ["name", "layer", "location", "loop"], "a buffer")
            check(buffer["role"] in ROLES, f"nobody knows role {buffer['role']}")


def check_sums(step):
    """What adds up."""
    total, layers, kernels = step["total"], step["layers"], step["kernels"]
    for stage in ("forward", "backward", "update", "total"):
        check(sum(c["flops"][stage] for c in layers) == total["flops"][stage], f"FLOPs of {stage} do not add up")
    for stage in ("forward", "backward"):
        parts = sum(c["multiply_adds"][stage] for c in layers)
        check(parts == total["multiply_adds"][stage], f"multiply-adds of {stage} do not add up")
    check(sum(k["flops"] for k in kernels) == total["flops"]["total"], "kernels' FLOPs are not the step's")
    check(sum(k["bytes"] for k in kernels) == total["bytes"] == sum(c["bytes"] for c in layers), "bytes do not add up")
    of_layers = collections.Counter()
    for kernel in kernels:
        parts = kernel.get("parts", [kernel])
        check(len({(part["layer"], part["stage"]) for part in parts}) == len(parts), f"{kernel['name']} lists a part twice")
        for what in ("flops", "bytes"):
            check(sum(part[what] for part in parts) == kernel[what], f"parts of {kernel['name']} are not all of it: {what}")
            for part in parts:
                of_layers[part["layer"], part["stage"], what] += part[what]
    listed = {(cost.get("path", ""), stage["stage"], what): stage[what]
              for cost in layers for stage in cost["stages"] for what in ("flops", "bytes")}
    check(+of_layers == +collections.Counter(listed), "kernels' parts are not the layers' stages")
    for cost in layers:
        stages = cost["stages"]
        check(all(s["flops"] == cost["flops"][s["stage"]] for s in stages), "a layer's stages are otherwise divided")
        check(sum(s["flops"] for s in stages) == cost["flops"]["total"], "a layer's stages are not all of it")
        check(sum(s["bytes"] for s in stages) == cost["bytes"], "a layer's stages move other bytes")
        check(all(v >= 0 for v in cost["flops"].values()), "a layer has less than no operations")
        for stage, products in cost["multiply_adds"].items():
            check(cost["flops"][stage] >= 2 * products, f"{cost.get('path')} has fewer FLOPs than its products: {stage}")
    for share in ("flops", "bytes", "parameters", "activations"):
        parts = sum(c["share"][share] for c in layers)
        check(math.isclose(parts, 1) or parts == 0, f"shares of {share} are {parts} together")
    for kind, role in (("activations", "activation"), ("gradients", "gradient"), ("optimizer_state", "optimizer_state")):
        parts = sum(b["bytes"] for b in step["buffers"] if b["role"] == role)
        check(parts == total["memory"][kind] == sum(c["memory"][kind] for c in layers), f"{kind} do not add up")


def check_step(path, batch, step):
    """The plan of the compiled step, as --nn-plan prints it, and what the program says of itself."""
    entry_name = step["name"] + ".train"
    plan = run(path, "--nn-plan=json", f"--batch={batch}")
    entry = next(entry for entry in plan["entries"] if entry["name"] == entry_name)
    for key in ("peak_bytes", "lower_bound_bytes"):
        check(step[key] == entry[key], f"{path}: {key} is {step[key]}, in the plan {entry[key]}")
    check(step["state_bytes"] == plan["state_bytes"], f"{path}: the state is not the plan's")
    check(len(step["times"]) == entry["ops"], f"{path}: {len(step['times'])} times, {entry['ops']} ops")
    places = lambda buffers: sorted((b["kind"], b.get("loop", -1), b["offset"], b["bytes"], b["type"], b.get("name", ""))
                                    for b in buffers)
    check(places(step["buffers"]) == places(plan["variables"] + entry["buffers"]), f"{path}: other buffers than planned")
    lifetimes = lambda buffers: sorted((b["offset"], b["first"], b["last"]) for b in buffers if b["kind"] != "variable")
    check(lifetimes(step["buffers"]) == lifetimes(entry["buffers"]), f"{path}: other lifetimes than planned")

    program = compile_model(path, batch=batch, options=["--profile"])
    compiled = program.entry(entry_name)
    kernels = [compiled.kernels[i] for i in range(compiled.kernel_count)]
    told = [(k.name.decode(), k.layer.decode(), k.stage.decode(), k.tasks, k.flops, k.bytes) for k in kernels]
    reported = [(k["name"], k["layer"], k["stage"], k["tasks"], k["flops"], k["bytes"]) for k in step["kernels"]]
    check(told == reported, f"{path}: other kernels than the program's")
    spans = [compiled.arena_spans[i] for i in range(compiled.arena_span_count)]
    end = max(span.bytes.stop for span in spans)
    check(end <= step["peak_bytes"] < end + 64, f"{path}: the program ends at {end}, not {step['peak_bytes']}")
    descriptor = program.descriptor
    check(descriptor.state_bytes == step["state_bytes"], f"{path}: the program's state is {descriptor.state_bytes}")
    parameters = [variable.tensor for variable in program.variables if variable.role == PARAMETER]
    parameter_bytes = sum(tensor.bytes.stop - tensor.bytes.start for tensor in parameters)
    check(parameter_bytes == step["total"]["memory"]["parameters"], f"{path}: the program has {parameter_bytes} bytes")
    print(f"{path} batch {batch} @{step['name']}: {step['peak_bytes']} bytes, {step['total']['flops']['total']} FLOPs")


files = sorted(os.listdir(os.path.join(SOURCE_DIR, "models")))
models = [os.path.join(SOURCE_DIR, "models", name) for name in files if name.endswith(".mlir")]
# Of these each step calls a model once.
calls_once = [*models, os.path.join(HERE, "two_steps.mlir"), os.path.join(HERE, "fused_layers.mlir")]
for path in [*calls_once, os.path.join(HERE, "small.mlir")]:
    for batch in (32, 5, 1):
        report = run(path, "--nn-report=json", f"--batch={batch}")
        check_schema(report, has_device=False)
        for step in report["steps"]:
            check_sums(step)
            check_step(path, batch, step)
            layers = [cost for cost in step["layers"] if "path" in cost]
            declared = sum(
                batch * report["models"][c["model"]]["layers"][c["layer"]]["multiply_adds_per_sample"] for c in layers
            )
            counted = step["total"]["multiply_adds"]["forward"]
            check(counted == declared or path not in calls_once, f"{path}: layers declare {declared}, not {counted}")

# Of a kernel for several layers each has what its own ops do, on the CPU and on a GPU: a dense layer its products and bias,
# whatever follows in their loop. The softmax is the loss's.
for target in ("cpu", "cuda"):
    (step,) = run(os.path.join(HERE, "fused_layers.mlir"), "--nn-report=json", f"--target={target}")["steps"]
    check(any(len({p["layer"] for p in k.get("parts", []) if p["layer"]}) >= 3 for k in step["kernels"]),
          f"{target}: no kernel is for three layers")
    layers = {cost.get("path"): cost for cost in step["layers"]}
    elements = 32 * 64
    expected = {"net.dense": (2 * 32 * 100 * 64 + elements, 2 * 32 * 100 * 64 + elements), "net.relu": (elements, 0),
                "net.dropout": (elements, elements), "net.gaussian_noise": (None, 0), "net.softmax": (0, 0)}
    for name, counts in expected.items():
        for stage, count in zip(("forward", "backward"), counts):
            flops = layers[name]["flops"][stage]
            check(count is None or flops == count, f"{target}: {name} does {flops} operations {stage}, not {count}")
    noise = layers["net.gaussian_noise"]["flops"]["forward"]
    check(noise > 20 * elements, f"{target}: {noise} operations draw {elements} normally distributed numbers")

# A dense layer's gradients are two products as large as its own, the first layer's one: nobody wants its input's.
mlp = os.path.join(SOURCE_DIR, "models", "mlp.mlir")
report = run(mlp, "--nn-report=json", "--batch=7", "--device=a100", "--samples=15")
check_schema(report, has_device=True)
(step,) = report["steps"]
products = [7 * 784 * 512, 7 * 512 * 256, 7 * 256 * 10]
dense = [cost for cost in step["layers"] if cost["multiply_adds"]["forward"]]
check([c["multiply_adds"]["forward"] for c in dense] == products, "products of dense layers are counted otherwise")
expected = [products[0], 2 * products[1], 2 * products[2]]
check([c["multiply_adds"]["backward"] for c in dense] == expected, "products of gradients are counted otherwise")
check(step["epoch"]["steps"] == 3, "15 samples are 3 steps of 7")
check(step["epoch"]["flops"] == 3 * step["total"]["flops"]["total"], "an epoch is not its steps")
device = report["device"]
for kernel in step["kernels"]:
    least = max(kernel["flops"] / device["flops"], kernel["bytes"] / device["bytes_per_second"])
    check(math.isclose(kernel["seconds"], least), f"{kernel['name']} takes other than {least} s")
check(math.isclose(step["total"]["seconds"], sum(k["seconds"] for k in step["kernels"])), "time does not add up")
