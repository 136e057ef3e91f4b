"""The sections of check.py that compare: two sides, the GPU's programs and the CPU's, from the same seed on the same rows."""

import hashlib
import itertools
import os
import re
import shutil
import subprocess

import numpy as np

from worker import WorkerFailure

LOSS, GRADIENT, EVALUATION = 1e-4, 1e-4, 1e-5  # relative
# Of losses of the first step, and of all, by variant: products that round their factors to a mantissa of 10 and of 7 bits;
# those of cuBLASLt, which adds f32 in another order, of which Adam makes more in time.
VARIANTS = {"tf32": (1e-3, 2e-2), "bf16": (1e-2, 1e-1), "cublaslt-all": (1e-4, 2e-2), "tf32-cublaslt": (1e-3, 2e-2)}
REPEATED_STEPS, SAVED_STEPS = 20, 3
PART_OF_TIME = 0.35  # after which agreement leaves the rest of the networks to other sections


def rows_of(network):
    """A request's part: the data, and how many rows of it a step takes, which may be less than the program's batch."""
    return {"data": network["data"], "rows": network.get("rows", network["batch"])}


def archive(run):
    """Sizes and digests of the manifest."""
    files, wrong = run.manifest["files"], []
    for path, expected in files.items():
        with open(os.path.join(run.root, path), "rb") as file:
            if hashlib.sha256(file.read()).hexdigest() != expected["sha256"]:
                wrong.append(path)
    run.say(f"{len(files)} files, {sum(file['bytes'] for file in files.values()) / 2**20:.1f} MiB unpacked; not as packed: "
            f"{', '.join(wrong) or 'none'}")
    refused = {network["name"]: network["refused"] for network in run.networks if network.get("refused")}
    for name, why in refused.items():
        run.say(f"{name}: not compiled for the GPU: {why}")
    return not wrong and not refused


def device(run):
    if not run.gpu:
        run.say(f"{run.no_gpu}; the CPU's half runs")
    network = run.networks[0]
    answer = run.first.ask(run.timeout, network, do="train", steps=1, **rows_of(network))
    run.record("device", network["name"], answer)
    run.say(f"{network['name']} on {run.first.name}: a step in {1e3 * answer['seconds']:.1f} ms, the first included; "
            f"loss {answer['losses'][0]!r}")
    return bool(np.isfinite(answer["losses"][0]))


def each_network(run, section, check, until=1.0, networks=None):
    """check(network) → (holds, figures, words) of every network, or of some, while there is time; whether all hold."""
    held = True
    for network in networks or run.networks:
        name = network["name"]
        if run.elapsed() > until * run.options.seconds:
            run.say(f"{name:<32}skipped, no time")
            run.record(section, name, {"skipped": True})
            continue
        if why := run.broken(section, name):
            run.say(f"{name:<32}skipped: {why}")
            continue
        try:
            holds, figures, words = check(network)
        except (WorkerFailure, LookupError, OSError, subprocess.TimeoutExpired) as error:
            holds, figures, words = False, {"error": str(error)}, str(error)
        held = held and holds
        run.record(section, name, figures | {"holds": holds})
        run.say(f"{name:<32}{words}{'' if holds else '  FAILS'}")
    return held


def compare_gradients(first, second):
    """(worst error, where, variables of the same bits, variables): what a first step leaves in the optimiser's slots. Adam's
    first moment is then a tenth of the gradient. An error is a largest difference, divided by the largest element."""
    worst, where, equal = 0.0, "", 0
    with np.load(first) as ours, np.load(second) as theirs:
        for name in theirs:
            a, b = ours[name], theirs[name]
            difference, scale = float(np.abs(a - b).max()), float(np.abs(b).max())
            error = difference / scale if scale else (0.0 if difference == 0 else np.inf)
            equal += a.tobytes() == b.tobytes()
            if not error <= worst:
                worst, where = error, name
        return worst, where, equal, len(theirs)


def agreement(run):
    run.say(f"{'network':<32}steps  loss, first to last   worst loss  equal bits  worst gradient  equal bits  seconds")
    slots = [os.path.join(run.scratch, f"slots-{side}.npz") for side in (1, 2)]

    def check(network):
        request = {"do": "train"} | rows_of(network)
        limit = min(run.options.steps, network.get("steps", run.options.steps))
        # The slower side first: the other takes as many steps.
        theirs = run.second.ask(run.timeout, network, steps=limit, seconds=run.options.cpu_seconds, first=slots[1],
                                **request)
        steps = len(theirs["losses"])
        ours = run.first.ask(run.timeout, network, steps=steps, first=slots[0], **request)
        errors = [abs(a - b) / abs(b) for a, b in zip(ours["losses"], theirs["losses"])]
        gradient, where, equal, count = compare_gradients(*slots)
        figures = {"first": ours, "second": theirs, "worst_loss": max(errors), "worst_gradient": gradient,
                   "worst_variable": where, "same_parameters": ours["parameters"] == theirs["parameters"],
                   "same_losses": sum(a == b for a, b in zip(ours["losses"], theirs["losses"])),
                   "same_gradients": equal, "gradients": count}
        holds = max(errors) <= LOSS and gradient <= GRADIENT and count > 0 and all(map(np.isfinite, ours["losses"]))
        return holds, figures, (
            f"{steps:<7}{theirs['losses'][0]:.4f} to {theirs['losses'][-1]:<10.4f}{max(errors):>10.1e}"
            f"{figures['same_losses']:>9}/{steps:<5}{gradient:>10.1e}{equal:>10}/{count:<5}"
            f"{ours['seconds']:>5.2f} {theirs['seconds']:>6.2f}"
            f"{'  parameters: the same bits' if figures['same_parameters'] else ''}"
            f"{'' if gradient <= GRADIENT else '  ' + where}")

    return each_network(run, "agreement", check, PART_OF_TIME)


def repeat(run):
    def check(network):
        request = {"do": "train", "steps": REPEATED_STEPS, "seconds": run.options.cpu_seconds} | rows_of(network)
        once = run.first.ask(run.timeout, network, **request)
        again = run.first.ask(run.timeout, network, **request | {"steps": len(once["losses"]), "seconds": None})
        holds = all(once[key] == again[key] for key in ("losses", "parameters", "slots"))
        same = sum(a == b for a, b in zip(once["losses"], again["losses"]))
        return holds, {"once": once, "again": again}, (
            f"{same} of {len(once['losses'])} losses and {'all' if once['parameters'] == again['parameters'] else 'NOT all'} "
            f"parameters and {'all' if once['slots'] == again['slots'] else 'NOT all'} slots have the same bits")

    return each_network(run, "repeat", check, 0.45)


def variants(run):
    """Products done otherwise on the GPU: losses beside those of f32 there, and the same bits again."""
    networks = [network for network in run.networks if network.get("variants")]
    if not run.gpu or not networks:
        run.say("there is no GPU" if not run.gpu else "no network with such programs was chosen")
        return None

    def check(network):
        request = {"do": "train", "steps": REPEATED_STEPS} | rows_of(network)
        exact = run.first.ask(run.timeout, network, **request)["losses"]
        figures, words, holds = {"f32": exact}, [], True
        for variant, (first, later) in VARIANTS.items():
            side = run.first.of(variant)
            once, again = (side.ask(run.timeout, network, **request) for _ in range(2))
            errors = [abs(a - b) / abs(b) for a, b in zip(once["losses"], exact)]
            same = all(once[key] == again[key] for key in ("losses", "parameters", "slots"))
            holds = holds and same and errors[0] <= first and max(errors) <= later
            figures[variant] = {"losses": once["losses"], "same_again": same, "library": once["library"]}
            words.append(f"{variant}: off by {errors[0]:.1e} in the first step, {max(errors):.1e} in all of {len(errors)}, "
                         f"{'the same bits again' if same else 'OTHER bits again'}"
                         + (f", {once['library']}" if once["library"] else ""))
        return holds, figures, "; ".join(words)

    return each_network(run, "variants", check, 0.5, networks)


def checkpoint(run):
    path = os.path.join(run.scratch, "checkpoint.safetensors")

    def check(network):
        figures, words, holds = {}, [], True
        request = {"steps": SAVED_STEPS, "checkpoint": path} | rows_of(network)
        for trained, other in ((run.first, run.second), (run.second, run.first)):
            here = trained.ask(run.timeout, network, do="save", **request)["loss"]
            there = other.ask(run.timeout, network, do="load", **request)["loss"]
            error = abs(here - there) / abs(here)
            holds = holds and error <= EVALUATION
            figures[trained.name] = {"here": here, "there": there}
            words.append(f"{trained.name} {here!r}, loaded {'the same' if here == there else f'{there!r} ({error:.1e})'}")
        return holds, figures, "; ".join(words)

    return each_network(run, "checkpoint", check, 0.5)


def command(run):
    path = os.path.join(run.scratch, "command.safetensors")

    def evaluate(side, network):
        process = run.nnc_run("evaluate", side.program(network), "--data", network["data"], "--checkpoint", path, "--threads",
                              str(side.threads), timeout=run.timeout)
        if process.returncode != 0:
            raise WorkerFailure(f"nnc-run left with {process.returncode}: {process.stderr.strip()}")
        return float(re.search(r"^loss (\S+)", process.stdout, re.MULTILINE).group(1))

    def check(network):
        figures, words, holds = {}, [], True
        for trained, other in ((run.first, run.second), (run.second, run.first)):
            program, threads = trained.program(network), str(trained.threads)
            process = run.nnc_run("train", program, "--data", network["data"], "--epochs", "2", "--seed", "1", "--checkpoint",
                                  path, "--progress", "none", "--threads", threads, timeout=run.timeout)
            if process.returncode != 0:
                raise WorkerFailure(f"nnc-run train left with {process.returncode}: {process.stderr.strip()}")
            here, there = (evaluate(side, network) for side in (trained, other))
            holds = holds and abs(here - there) <= EVALUATION * abs(here)
            figures[trained.name] = {"here": here, "there": there}
            words.append(f"trained on {trained.name}: loss {here}, on the other side {there}")
        return holds, figures, "; ".join(words)

    small = [network for network in run.networks if network.get("small")]
    return each_network(run, "command", check, networks=small or run.networks[:1])


def sanitizer(run):
    """Of the smallest networks: its tools slow a program down hundreds of times."""
    tool = shutil.which("compute-sanitizer") or "/usr/local/cuda/bin/compute-sanitizer"
    if not os.path.exists(tool):
        run.say("compute-sanitizer is not here")
        return None
    networks = [network for network in run.networks if network.get("small") and network.get("device")]
    if not networks:
        run.say("the small networks have no program for the GPU, or were not chosen")
        return None
    held = None
    tools = {"memcheck": r"ERROR SUMMARY: (\d+) error", "racecheck": r"RACECHECK SUMMARY: (\d+) hazard"}
    for network, (name, summary) in itertools.product(networks, tools.items()):
        try:
            process = run.nnc_run("train", network["device"], "--data", network["data"], "--epochs", "1", "--seed", "1",
                                  "--progress", "none", timeout=max(1, min(60, run.left())), before=[tool, "--tool", name])
        except subprocess.TimeoutExpired:
            run.say(f"{name}: not done within its time")
            continue
        output = process.stdout + process.stderr
        run.record("sanitizer", f"{name} {network['name']}", {"status": process.returncode, "output": output[-4000:]})
        found = re.search(summary, output)
        if not found or process.returncode != 0 and "not supported" in output:
            run.say(f"{name}: could not run here: {' / '.join(output.strip().splitlines()[-3:])}")
            continue
        holds = found.group(1) == "0" and process.returncode == 0
        held = holds and held is not False
        run.say(f"{name} on an epoch of {network['name']}: {found.group(0)}s{'' if holds else '  FAILS'}")
        if not holds:
            run.say("\n".join(output.splitlines()[:20]))
    return held
