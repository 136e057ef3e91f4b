"""Claim gpu-archive: tools/gpu-archive packs compiled programs of the text classifier, its variants, perceptrons and every
file of models/ into at most 60 MiB; unpacked elsewhere, its CPU half runs with neither nnc nor LLVM on PATH: every program's
losses and gradients agree between one thread and all, training again gives the same bits, checkpoints go between sides.

The half that needs a GPU is run by hand where there is one (docs/gpu.md); this claim says nothing of it. --release packs
programs for the GPU too, otherwise only where the compiler has that target."""

import json
import os
import re
import sys
import tarfile
import tempfile

from report import MODELS, NNC_OPT, ROOT, arguments, finish, run

LIMIT = 60
SMALL_STEPS = 5


def has_gpu_target(folder):
    """Whether nnc-opt compiles for a GPU here."""
    program = os.path.join(folder, "mlp.so")
    command = (NNC_OPT, os.path.join(MODELS, "mlp.mlir"), "--phase=binary", "--target=cuda", "-o", program)
    return run(*command, check=False).returncode == 0


def main():
    options = arguments(__doc__, networks="names of networks, separated by commas, in place of all; fewer steps",
                        gpu="no: only programs for the CPU")
    with tempfile.TemporaryDirectory() as folder:
        packed, place, out = (os.path.join(folder, name) for name in ("gpu-archive.tar.xz", "elsewhere", "out"))
        command = [os.path.join(ROOT, "tools", "gpu-archive"), "-o", packed]
        if options.networks:
            command.append(f"--networks={options.networks}")
        with_gpu = options.gpu != "no" and (options.release or has_gpu_target(folder))
        if not with_gpu:
            command.append("--cpu-only")
        print(run(sys.executable, *command).stdout, end="", flush=True)
        os.mkdir(place)
        # Not by tar, which needs xz besides.
        with tarfile.open(packed) as archive:
            archive.extractall(place)
        # A machine that has neither: an empty PATH, and no driver.
        environment = {"PATH": os.path.join(folder, "nothing"), "CUDA_VISIBLE_DEVICES": "", "HOME": folder}
        check = [sys.executable, os.path.join(place, "gpu-archive", "check.py"), "--out", out, "--seconds", "1500"]
        if options.networks:
            check += ["--steps", str(SMALL_STEPS)]
        process = run(*check, check=False, env=environment, cwd=folder)
        print(process.stdout, process.stderr, sep="")
        try:
            with open(os.path.join(out, "results.json")) as file:
                results = json.load(file)
        except OSError:
            finish(False, f"check.py left with {process.returncode} and no results")
        libraries = run("ldd", os.path.join(place, "gpu-archive", "lib", "libnnc.so")).stdout
        foreign = re.findall(r"lib(?:MLIR|LLVM)\S*", libraries)
        size = os.path.getsize(packed) / 2**20
        agreement = list(results["agreement"].values())
        complete = all("worst_loss" in network for network in agreement)
        worst = max((network["worst_loss"] for network in agreement if "worst_loss" in network), default=float("nan"))
    finish(process.returncode == 0 and complete and not foreign and size <= LIMIT,
           f"{size:.1f} MiB (at most {LIMIT}), {'with' if with_gpu else 'without'} programs for the GPU; {len(agreement)} "
           f"networks ran without nnc and LLVM, losses at most {worst:.1e} apart, parameters the same bits in "
           f"{sum(network.get('same_parameters', False) for network in agreement)}")


if __name__ == "__main__":
    main()
