#!/usr/bin/env python3
"""Checks compiled programs on a machine that has a GPU, or none, and neither nnc nor MLIR: the script of the archive that
tools/gpu-archive makes. Needs Python 3.10 and numpy; PyTorch, JAX and compute-sanitizer where they are installed.

    python3 check.py [--only SECTION,...] [--networks NAME,...] [--seconds N] [--out DIR]

Sections, in their order; each prints what it finds at once, and one that fails stops no other:

    archive      every file is as it was packed
    device       the GPU and its driver; a program for it opens and takes a step
    agreement    losses of 50 steps, GPU against CPU, from the same weights and batches; each parameter's gradient
    repeat       training again gives the same bits
    variants     with products of tf32, of bf16 and of cuBLASLt, losses beside f32's, and the same bits again
    checkpoint   what the GPU trained evaluates the same on the CPU, and the other way round
    command      the same through nnc-run's command line
    timings      training steps in turn with PyTorch (eager, compiled, one CUDA graph) and JAX, TF32 off; nnc with products
                 of cuBLASLt beside them
    kernels      what a step runs on the GPU, by the device's timer (nnc-run's and PyTorch's profiles)
    sanitizer    compute-sanitizer's memcheck and racecheck on a few steps of a small network
    tf32         the timings again with TF32 on, in the peers and in nnc's products; nnc with bf16, and with cuBLASLt, beside

Without a GPU, the program for the CPU takes its place, on all threads against one, and nothing is timed unless --only asks for
it. Sections for which no time is left are skipped by name. Everything is written to DIR, results.json among it. Exits 0 where
all that ran holds; timings are measured, not judged.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import traceback

ROOT = os.path.dirname(os.path.abspath(__file__))
for folder in ("test/support", "benchmarks", "benchmarks/gpu"):
    sys.path.insert(0, os.path.join(ROOT, folder))

import sections  # noqa: E402
import timings  # noqa: E402
from run import Run  # noqa: E402

SECTIONS = {
    "archive": sections.archive,
    "device": sections.device,
    "agreement": sections.agreement,
    "repeat": sections.repeat,
    "variants": sections.variants,
    "checkpoint": sections.checkpoint,
    "command": sections.command,
    "timings": timings.timings,
    "kernels": timings.kernels,
    "sanitizer": sections.sanitizer,
    "tf32": timings.tf32,
}
# Only on a GPU, unless they are asked for by name.
OF_GPU = ("variants", "timings", "kernels", "sanitizer", "tf32")


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="sections, separated by commas")
    parser.add_argument("--networks", default="", help="networks by name, separated by commas; manifest.json lists them")
    parser.add_argument("--seconds", type=float, default=480, help="after which nothing is begun any more")
    parser.add_argument("--steps", type=int, default=50, help="of agreement")
    parser.add_argument("--cpu-seconds", type=float, default=10, help="after which a network's steps on the CPU end early")
    parser.add_argument("--rounds", type=int, default=5, help="of the timings")
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of a contestant's turn")
    parser.add_argument("--threads", type=int, help="on the CPU")
    parser.add_argument("--out", default="gpu-check", help="folder for results")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    if unknown := set(options.only) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    return options


def attempt(run, name, section):
    """Whether the section holds; None where it has nothing to say."""
    run.say(f"\n== {name} ({run.elapsed():.0f} s)")
    try:
        return section(run)
    except Exception as error:  # Whatever it is, the other sections go on.
        run.say(f"{name} broke off: {type(error).__name__}: {error}")
        run.log(traceback.format_exc())
        return False


def main():
    options = parse()
    os.makedirs(options.out, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        run = Run(ROOT, options, scratch)
        selected = [name for name in SECTIONS
                    if (name in options.only if options.only else run.gpu or name not in OF_GPU)]
        run.introduce()
        try:
            if run.gpu and {"timings", "tf32"} & set(selected):
                attempt(run, "peers", timings.begin)
            for name in selected:
                if run.left() <= 0:
                    run.say(f"\n== {name}: skipped, the time is up")
                    run.verdicts[name] = "skipped"
                else:
                    held = attempt(run, name, SECTIONS[name])
                    run.verdicts[name] = {True: "holds", False: "FAILS", None: "not done"}[held]
                run.write()
        finally:
            run.close()
        run.say(f"\n== results ({run.elapsed():.0f} s)")
        timings.summarize(run)
        for name, verdict in run.verdicts.items():
            run.say(f"{name:<12}{verdict}")
        if not run.gpu:
            run.say(f"no GPU was used: {run.no_gpu}")
        run.write()
    return 1 if "FAILS" in run.verdicts.values() else 0


if __name__ == "__main__":
    sys.exit(main())
