"""Claim embed: the C program of docs/embed, built by its own CMake file from a compiled program and the runtime, trains
the perceptron to the loss and the variables that nnc-run reaches, bit for bit; neither MLIR nor LLVM is linked to it."""

import json
import os
import re
import struct
import tempfile

import numpy as np

from report import MODELS, NNC_OPT, NNC_RUN, ROOT, Table, arguments, finish, get_data, run

BATCH, EPOCHS, SEED, ROWS = 128, 2, 4, 2000


def make_data(folder):
    with np.load(os.path.join(get_data("fashion-mnist"), "train.npz")) as arrays:
        np.savez(os.path.join(folder, "train.npz"), image=arrays["image"][:ROWS], label=arrays["label"][:ROWS])


def tensors(path):
    """The bytes of a checkpoint's tensors, by name."""
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


def build(folder):
    build_folder = os.path.join(folder, "build")
    run("cmake", "-S", os.path.join(ROOT, "docs", "embed"), "-B", build_folder, f"-DNNC_OPT={NNC_OPT}",
        f"-DNNC_BATCH={BATCH}")
    run("cmake", "--build", build_folder)
    return build_folder


def main():
    arguments(__doc__)
    table = Table(("what", 36), ("embedded", 30), ("nnc-run", 30))
    with tempfile.TemporaryDirectory() as folder:
        make_data(folder)
        build_folder = build(folder)
        program = os.path.join(build_folder, "train")
        ours, theirs = (os.path.join(folder, name) for name in ("embedded.safetensors", "nnc-run.safetensors"))
        printed = run(program, folder, str(EPOCHS), str(SEED), ours).stdout
        losses = [float(loss) for loss in re.findall(r"loss (\S+)", printed)]
        progress = run(NNC_RUN, "train", os.path.join(MODELS, "mlp.mlir"), "--data", folder, "--batch", str(BATCH),
                       "--epochs", str(EPOCHS), "--seed", str(SEED), "--checkpoint", theirs, "--progress", "json").stderr
        events = [json.loads(line) for line in progress.splitlines()]
        expected = [event["loss"] for event in events if event["event"] == "epoch"]
        for epoch, (a, b) in enumerate(zip(losses, expected)):
            table.row(f"loss of epoch {epoch + 1}", repr(a), repr(b))
        same = tensors(ours) == tensors(theirs)
        table.row("variables", "", "the same bits" if same else "DIFFERENT")
        imports = run("nm", "-u", os.path.join(build_folder, "mlp.o")).stdout.split()[1::2]
        table.row("imports of the object", " ".join(imports), "")
        libraries = re.findall(r"(\S+) =>", run("ldd", program).stdout)
        table.row("libraries", " ".join(name.split(".so")[0] for name in libraries), "")
        foreign = [name for name in libraries if "MLIR" in name or "LLVM" in name]
        differing = sum(a != b for a, b in zip(losses, expected)) + (not same) + len(foreign)
    finish(differing == 0 and len(losses) == len(expected) == EPOCHS, f"{differing} differences over {EPOCHS} epochs")


if __name__ == "__main__":
    main()
