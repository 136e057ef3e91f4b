"""Claim bad-input: model files, data files and checkpoints that are wrong in every way listed here end in a message that
says what is wrong and where, and a non-zero exit; never in a signal, and never in a damaged checkpoint."""

import json
import os
import re
import struct
import tempfile

import numpy as np

from nnc_program import run_tool
from report import MODELS, NNC_OPT, NNC_RUN, Table, arguments, finish, run

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = """
nn.model @classifier(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3, name = "head"}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %label: tensor<?xi32>) {
  %y = nn.call @classifier(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label {from_logits}
  nn.minimize %loss over [@classifier] with #nn.sgd<lr = 1.0e-2>
}
"""
OTHER_MODEL = MODEL.replace('units = 3, name = "head"', 'units = 3, name = "tail"')

# Model files: what is wrong, its text, what the message must hold. Every message must name the file and the line.
MODEL_CASES = [
    ("wrong rank", MODEL.replace("tensor<?x4xf32>", "tensor<?xf32>"), r"nn\.dense.*rank|rank.*nn\.dense"),
    ("wrong dtype", MODEL.replace("tensor<?x4xf32>", "tensor<?x4xi32>"), r"nn\.dense|head"),
    ("unknown layer", MODEL.replace("nn.dense", "nn.densse"), r"nn\.densse"),
    ("unknown activation", MODEL.replace("units = 3", "units = 3, activation = rellu"), r"rellu.*relu"),
    ("missing attribute", MODEL.replace("units = 3, ", ""), r"units"),
    ("missing parameter", MODEL.replace("[@classifier]", "[@classifier.head.colonel]"), r"colonel"),
    ("cyclic call", """
nn.model @a(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = nn.call @b(%x) : tensor<?x4xf32>
  nn.return %y
}
nn.model @b(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = nn.call @a(%x) : tensor<?x4xf32>
  nn.return %y
}
""", r"@a|@b|cycl"),
    ("unknown model", MODEL.replace("@classifier(%x) :", "@klassifier(%x) :"), r"klassifier"),
    ("a result of another type", MODEL.replace("-> tensor<?x3xf32>", "-> tensor<?x5xf32>"), r"3.*5|5.*3"),
    ("a negative size", MODEL.replace("units = 3", "units = -3"), r"units|positive"),
    ("an element count past 64 bits", MODEL.replace("?x4xf32", "?x4611686018427387905xf32"), r""),
    ("element count that wraps", "func.func private @f(tensor<4611686018427387905x4xi8>)", r""),
    ("an empty file", "", r"model|empty"),
    ("bytes that are no text", "\x00\x01\x02MLIR\xef", r""),
]

DEPTH = 200_000
BOMBS = [
    ("nested regions", "module {" * DEPTH + "}" * DEPTH),
    ("nested types", "func.func private @f(" + "tuple<" * DEPTH + ">" * DEPTH + ")"),
    ("nested arrays", "module attributes {a = " + "[" * DEPTH + "]" * DEPTH + "} {}"),
    ("nested dictionaries", "module attributes {a = " + "{b = " * DEPTH + "}" * DEPTH + "} {}"),
    ("nested affine maps", "#m = affine_map<(d0) -> (" + "(" * DEPTH + "d0" + ")" * DEPTH + ")>"),
    ("nested locations", "module {} loc(" + "fused[" * DEPTH + "unknown" + "]" * DEPTH + ")"),
]


class Cases:
    """Runs commands that must fail, and keeps count of those that do not fail as they should."""

    def __init__(self):
        self.count = self.wrong = 0
        self._table = Table(("input", 36), ("exit", 4), ("message", 70))

    def expect(self, name, command, pattern, environment=None):
        result = run(*command, check=False, env=dict(os.environ, **(environment or {})))
        message = (result.stderr + result.stdout).strip()
        good = result.returncode > 0 and re.search(pattern, message, re.IGNORECASE | re.DOTALL) is not None
        good = good and message != "" and "Stack dump" not in message and "Assertion" not in message
        self.check(name, good, result.returncode, message)
        return message

    def check(self, name, good, code, message):
        self.count += 1
        self.wrong += not good
        first_line = message.splitlines()[0] if message else "(no message)"
        self._table.row(name, code, ("" if good else "WRONG: ") + first_line[-150:])


def model_cases(cases, folder):
    for name, text, pattern in MODEL_CASES:
        path = os.path.join(folder, "wrong.mlir")
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        cases.expect(name, [NNC_OPT, path, "--phase=grad"], r"wrong\.mlir.*" + pattern)
    for name, text in BOMBS:
        path = os.path.join(folder, "bomb.mlir")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        cases.expect(f"bomb: {name}", [NNC_OPT, path], r"nest|deep")
    bytecode = os.path.join(folder, "module.mlirbc")
    with open(bytecode, "wb") as file:
        file.write(b"ML\xefR\x00" + bytes(64))
    cases.expect("bytecode", [NNC_OPT, bytecode], r"bytecode")
    cases.expect("a model file that is not there", [NNC_OPT, os.path.join(folder, "none.mlir"), "--phase=grad"], r"none\.mlir")
    cases.expect("--phase=grand", [NNC_OPT, os.path.join(MODELS, "mlp.mlir"), "--phase=grand"], "grand")
    for option, pattern in (("--batch=0", "batch"), ("--entries=trian", "trian"),
                            ("--target=gpu", "gpu"), ("--march=pentium-9", "pentium-9")):
        cases.expect(option, [NNC_OPT, os.path.join(MODELS, "mlp.mlir"), "--phase=binary", option, "-o",
                              os.path.join(folder, "x.o")], pattern)


def make_data(path, **changes):
    random = np.random.default_rng(0)
    arrays = {"x": random.random((40, 4), dtype=np.float32), "label": random.integers(0, 3, 40, dtype=np.int32)}
    np.savez(path, **{**arrays, **changes})
    return arrays


def truncated(path, to, size):
    with open(path, "rb") as source, open(to, "wb") as target:
        target.write(source.read()[:size])
    return to


def data_cases(cases, folder):
    def path(name):
        return os.path.join(folder, name)

    model, good, checkpoint = path("model.mlir"), path("good.npz"), path("good.safetensors")
    with open(model, "w", encoding="utf-8") as file:
        file.write(MODEL)
    with open(path("other.mlir"), "w", encoding="utf-8") as file:
        file.write(OTHER_MODEL)
    arrays = make_data(good)

    def train(*more):
        return [NNC_RUN, "train", model, "--progress", "none", "--epochs", "1", *more]

    def expect(name, pattern, **changes):
        bad = path("bad.npz")
        make_data(bad, **changes)
        cases.expect(name, train("--data", bad), r"bad\.npz.*" + pattern)

    run(*train("--data", good, "--checkpoint", checkpoint))

    x, label = arrays["x"], arrays["label"]
    nan, high, low = x.copy(), label.copy(), label.copy()
    nan[7, 2], high[5], low[9] = np.nan, 3, -1
    expect("a NaN in data", r"(7|8).*", x=nan)
    expect("a class index too high", r"3", label=high)
    expect("a negative class index", r"-1", label=low)
    expect("data of another width", r"5", x=np.zeros((40, 5), np.float32))
    expect("data of another rank", r"x", x=np.zeros((40, 2, 2), np.float32))
    expect("text where numbers go", r"x", x=np.full((40, 4), "a"))
    expect("inputs of unequal length", r"39|40", label=label[:39])
    expect("no rows", r"row|empty", x=x[:0], label=label[:0])
    for size in (0, 10, os.path.getsize(good) // 2, os.path.getsize(good) - 30):
        cases.expect(f"an .npz cut to {size} bytes",
                     train("--data", truncated(good, path("cut.npz"), size)), r"cut\.npz")
    np.savez(path("lacking.npz"), x=x)
    cases.expect("an .npz without labels", train("--data", path("lacking.npz")), r"label")
    tables = {
        "an empty CSV file": ("", r""),
        "a CSV file with a header only": ("x_0,x_1,x_2,x_3,label\n", r"row"),
        "a CSV row with too few fields": ("x_0,x_1,x_2,x_3,label\n1,2,3,4,0\n1,2,3\n", r"3"),
        "a CSV field that is no number": ("x_0,x_1,x_2,x_3,label\n1,2,3,4,0\n1,two,3,4,1\n", r"two"),
        "a CSV file without labels": ("x_0,x_1,x_2,x_3\n1,2,3,4\n", r"label"),
        "a CSV file with an empty label": ("x_0,x_1,x_2,x_3,label\n1,2,3,4,0\n1,2,3,4,\n", r"3.*label"),
        "a label that is no number among numbers": ("x_0,x_1,x_2,x_3,label\n1,2,3,4,0\n1,2,3,4,cat\n", r"3.*cat"),
        "a NUL in a CSV field": ("x_0,x_1,x_2,x_3,label\n1,2,3,4,0\n1,2,3,4\0,1\n", r"x_3.*number"),
        "a quotation that never ends": ('x_0,x_1,x_2,x_3,label\n1,2,3,4,"0\n', r""),
    }
    for name, (text, pattern) in tables.items():
        with open(path("bad.csv"), "w", encoding="utf-8") as file:
            file.write(text)
        cases.expect(name, train("--data", path("bad.csv")), r"bad\.csv.*" + pattern)
    with open(path("bad.csv"), "wb") as file:
        file.write(b"x_0,x_1,x_2,x_3,label\n1,2,3,4,caf\xe9\n")
    cases.expect("a CSV file that is not UTF-8", train("--data", path("bad.csv")), r"bad\.csv:2.*UTF-8")
    with open(good, "rb") as file:
        before = file.read()
    cases.expect("the data as --checkpoint", train("--data", good, "--checkpoint", good), r"good\.npz.*--data")
    with open(good, "rb") as file:
        cases.check("… and the data", file.read() == before, "", "unchanged")
    cases.expect("a data file that is not there", train("--data", path("none.npz")), r"none\.npz")
    checkpoint_cases(cases, path, good, checkpoint, train)


def checkpoint_cases(cases, path, good, checkpoint, train):
    def evaluate(model, file):
        return [NNC_RUN, "evaluate", model, "--data", good, "--checkpoint", file]

    model = path("model.mlir")
    cases.expect("a checkpoint that is not there", evaluate(model, path("none.safetensors")), r"none\.safetensors")
    cases.expect("a checkpoint of another model", evaluate(path("other.mlir"), checkpoint), r"tail")
    size = os.path.getsize(checkpoint)
    for cut in (0, 7, 100, size - 1):
        cases.expect(f"a checkpoint cut to {cut} bytes", evaluate(model, truncated(checkpoint, path("cut.st"), cut)),
                     r"cut\.st")
    with open(checkpoint, "rb") as file:
        content = bytearray(file.read())
    start = 8 + struct.unpack("<Q", content[:8])[0]
    offsets = json.loads(content[8:start])["classifier.head.kernel"]["data_offsets"]
    struct.pack_into("<f", content, start + offsets[0], float("nan"))
    with open(path("nan.st"), "wb") as file:
        file.write(content)
    cases.expect("a checkpoint that holds a NaN", evaluate(model, path("nan.st")), r"nan\.st.*classifier\.head\.kernel")
    with open(path("huge.st"), "wb") as file:
        file.write(struct.pack("<Q", 1 << 62) + b"{}")
    cases.expect("a checkpoint that claims a huge header", evaluate(model, path("huge.st")), r"huge\.st")
    with open(path("deep.st"), "wb") as file:
        header = b"[" * 1_000_000
        file.write(struct.pack("<Q", len(header)) + header)
    cases.expect("a checkpoint whose header nests deep", evaluate(model, path("deep.st")), r"deep\.st")

    with open(checkpoint, "rb") as file:
        before = file.read()
    preload = path("full_disk.so")
    run_tool("clang", "-O1", "-shared", "-fPIC", "-o", preload, os.path.join(HERE, "full_disk.c"))
    cases.expect("a full disk", train("--data", good, "--checkpoint", checkpoint), r"safetensors.*space",
                 {"LD_PRELOAD": preload})
    with open(checkpoint, "rb") as file:
        cases.check("… and the checkpoint before it", file.read() == before, "", "unchanged")
    leftovers = [name for name in os.listdir(os.path.dirname(checkpoint)) if name.startswith("good.safetensors.")]
    cases.check("… and no half of a file beside it", not leftovers, "", " ".join(leftovers) or "none")
    cases.expect("a loss that is not finite", train("--data", good, "--checkpoint", checkpoint, "--learning-rate", "1e38"),
                 r"step")
    with open(checkpoint, "rb") as file:
        cases.check("… and the checkpoint before it", file.read() == before, "", "unchanged")


def main():
    arguments(__doc__)
    cases = Cases()
    with tempfile.TemporaryDirectory() as folder:
        model_cases(cases, folder)
        data_cases(cases, folder)
    finish(cases.wrong == 0, f"{cases.wrong} of {cases.count} bad inputs without a clear message and a non-zero exit")


if __name__ == "__main__":
    main()
