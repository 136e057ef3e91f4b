"""Trains softmax.mlir on a table with a --class-weight, and the same with numpy: Σ w_i l_i / n, gradient descent. Arguments:
model, table, folder, --class-weight (or none), the weights it means."""
import csv
import json
import struct
import subprocess
import sys

import numpy

model, table, folder, given, *weights = sys.argv[1:]
EPOCHS = 5
checkpoint, history = f"{folder}/check.st", f"{folder}/check.csv"
subprocess.run(["rm", "-f", checkpoint, history], check=True)
# A batch of 8 for 6 rows: two samples of it are padding.
subprocess.run(["nnc-run", "train", model, "--data", table, "--batch", "8", "--epochs", str(EPOCHS), "--checkpoint", checkpoint,
                "--history", history, "--progress", "none", *([] if given == "none" else ["--class-weight", given])], check=True)

with open(table, encoding="utf-8") as file:
    rows = list(csv.DictReader(file))
names = sorted({row["label"] for row in rows})
x = numpy.array([[float(row["x_0"]), float(row["x_1"])] for row in rows])
label = numpy.array([names.index(row["label"]) for row in rows])
weight = numpy.array([float(w) for w in weights])[label]
kernel, bias = numpy.zeros((2, 3)), numpy.zeros(3)
losses = []
for _ in range(EPOCHS):
    logits = x @ kernel + bias
    p = numpy.exp(logits) / numpy.exp(logits).sum(1, keepdims=True)
    losses.append(numpy.sum(weight * -numpy.log(p[numpy.arange(len(x)), label])) / len(x))
    slope = weight[:, None] * (p - numpy.eye(3)[label]) / len(x)
    kernel -= 0.5 * x.T @ slope
    bias -= 0.5 * slope.sum(0)

with open(history, encoding="utf-8") as file:
    numpy.testing.assert_allclose([float(row["loss"]) for row in csv.DictReader(file)], losses, rtol=2e-6)
with open(checkpoint, "rb") as file:
    header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
    data = file.read()
for name, expected in (("classes.dense.kernel", kernel), ("classes.dense.bias", bias)):
    start, end = header[name]["data_offsets"]
    numpy.testing.assert_allclose(numpy.frombuffer(data[start:end], "<f4").reshape(expected.shape), expected, rtol=2e-5, atol=1e-6)
print("losses and parameters agree with numpy")
