"""Claim determinism: training gives the same checkpoint, byte for byte, with 1, 2 and 3 threads; twice; interrupted in
the middle of an epoch and resumed; compiled for AVX2 and for AVX-512 where the machine has both."""

import hashlib
import json
import os
import signal
import subprocess
import tempfile
import time

import numpy as np

from report import MODELS, NNC_RUN, Table, arguments, finish, get_data, run

SEED = 3
# Model, rows of its data, batch, epochs.
CASES = {
    "mlp": (4000, 32, 2),
    "snippets": (1500, 32, 2),
    "text_classifier": (480, 32, 2),
}


def make_data(name, rows, folder):
    """The first rows of the model's own data."""
    if name == "mlp":
        with np.load(os.path.join(get_data("fashion-mnist"), "train.npz")) as arrays:
            np.savez(os.path.join(folder, "train.npz"), image=arrays["image"][:rows], label=arrays["label"][:rows])
        return os.path.join(folder, "train.npz")
    source = get_data({"snippets": "rotten-tomatoes", "text_classifier": "debian-sections"}[name])
    with open(os.path.join(source, "train.tsv"), encoding="utf-8") as file:
        header, *lines = file.read().splitlines()
    step = len(lines) // rows  # spread over the file, which is sorted by name, so that every class occurs
    path = os.path.join(folder, "train.tsv")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join([header, *lines[::step][:rows]]) + "\n")
    return path


class Training:
    def __init__(self, model, folder):
        rows, batch, epochs = CASES[model]
        self._folder = folder
        self._command = [NNC_RUN, "train", os.path.join(MODELS, f"{model}.mlir"), "--data",
                         make_data(model, rows, folder), "--batch", str(batch), "--epochs", str(epochs), "--seed",
                         str(SEED)]
        self._count = 0

    def _new_checkpoint(self):
        self._count += 1
        return os.path.join(self._folder, f"{self._count}.safetensors")

    def checkpoint(self, *options):
        path = self._new_checkpoint()
        run(*self._command, "--progress", "none", "--checkpoint", path, *options)
        return path

    def interrupted(self):
        """Interrupts in the middle of the second epoch and resumes; returns the checkpoint and where it stopped."""
        delay = 0.2
        for _ in range(12):
            path = self._new_checkpoint()
            command = [*self._command, "--progress", "json", "--checkpoint", path]
            process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
            position = 0
            for line in process.stderr:
                event = json.loads(line)
                if event["event"] == "epoch" and event["epoch"] == 1:
                    time.sleep(delay)
                    process.send_signal(signal.SIGINT)
                elif event["event"] == "saved":
                    position = event["position"]
            code = process.wait()
            if code == 130 and position > 0:
                run(*self._command, "--progress", "none", "--checkpoint", path, "--resume")
                return path, position
            delay = delay / 2 if code == 0 else delay + 0.05  # too late, or before the first step of the epoch
        finish(False, "no run could be interrupted in the middle of an epoch")


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def instruction_sets():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        flags = set(file.read().split())
    return [march for march, flag in (("x86-64-v3", "avx2"), ("x86-64-v4", "avx512f")) if flag in flags]


def main():
    arguments(__doc__)
    table = Table(("model", 16), ("run", 40), ("sha256 of the checkpoint", 24))
    differing = runs = 0
    for model in CASES:
        with tempfile.TemporaryDirectory() as folder:
            training = Training(model, folder)
            reference = digest(training.checkpoint("--threads", "1"))
            table.row(model, "1 thread", reference[:16])

            def compare(name, path):
                nonlocal differing, runs
                found = digest(path)
                runs += 1
                differing += found != reference
                table.row(model, name, found[:16] + ("" if found == reference else "  DIFFERS"))

            compare("1 thread, again", training.checkpoint("--threads", "1"))
            compare("2 threads", training.checkpoint("--threads", "2"))
            compare("3 threads", training.checkpoint("--threads", "3"))
            path, position = training.interrupted()
            compare(f"interrupted after step {position} of epoch 2", path)
            for march in instruction_sets():
                compare(march, training.checkpoint("--march", march))
    finish(differing == 0, f"{differing} of {runs} runs differ from their model's first in any bit")


if __name__ == "__main__":
    main()
