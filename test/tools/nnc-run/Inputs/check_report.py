"""Compares `evaluate --report` of a program, a table of text and label and a checkpoint with the formulas of scikit-learn's
classification_report (labels: all classes; zero_division=0), computed with numpy from what `predict` says."""
import csv
import io
import json
import subprocess
import sys

import numpy

program, table, checkpoint = sys.argv[1:]


def run(*command):
    return subprocess.run(["nnc-run", *command, "--checkpoint", checkpoint], check=True, capture_output=True,
                          text=True).stdout


predicted_rows = list(csv.DictReader(io.StringIO(run("predict", program, "--data", table))))
names = [name for name in predicted_rows[0] if name != "class"]
predicted = numpy.array([names.index(row["class"]) for row in predicted_rows])
with open(table, encoding="utf-8") as file:
    true = numpy.array([names.index(row["label"]) for row in csv.DictReader(file)])

matrix = numpy.zeros((len(names), len(names)), int)
numpy.add.at(matrix, (true, predicted), 1)
right, support, taken = numpy.diag(matrix), matrix.sum(1), matrix.sum(0)


def divide(part, whole):
    return numpy.where(whole > 0, part / numpy.maximum(whole, 1), 0.0)


precision, recall = divide(right, taken), divide(right, support)
f1 = numpy.where(precision + recall > 0, 2 * precision * recall / numpy.maximum(precision + recall, 1e-300), 0.0)
scores = {"precision": precision, "recall": recall, "f1": f1}

report = json.loads(run("evaluate", program, "--data", table, "--report=json"))
assert report["rows"] == len(true)
assert report["confusion_matrix"] == matrix.tolist(), (report, matrix)
assert [entry["class"] for entry in report["classes"]] == names
assert [entry["support"] for entry in report["classes"]] == support.tolist()
numpy.testing.assert_allclose(report["accuracy"], numpy.mean(true == predicted), rtol=1e-12)
for score, values in scores.items():
    numpy.testing.assert_allclose([entry[score] for entry in report["classes"]], values, rtol=1e-12)
    numpy.testing.assert_allclose(report["macro"][score], numpy.mean(values), rtol=1e-12)
    numpy.testing.assert_allclose(report["weighted"][score], numpy.average(values, weights=support), rtol=1e-12)

for entry, row in zip(report["classes"], csv.DictReader(io.StringIO(run("evaluate", program, "--data", table, "--report=csv")))):
    assert row["class"] == entry["class"] and int(row["support"]) == entry["support"], row
    numpy.testing.assert_allclose([float(row[score]) for score in scores], [entry[score] for score in scores], rtol=1e-8)
    assert [int(row["predicted_" + name]) for name in names] == matrix[names.index(row["class"])].tolist(), row

text = run("evaluate", program, "--data", table, "--report").splitlines()
for i, name in enumerate(names):
    expected = [name, f"{precision[i]:.4f}", f"{recall[i]:.4f}", f"{f1[i]:.4f}", str(support[i])]
    assert any(line.split() == expected for line in text), (expected, text)
print("text, json and csv agree with numpy")
