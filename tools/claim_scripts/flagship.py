"""Claim flagship: the text classifier, trained on the packages' descriptions, classifies the test rows as well as Keras
(TensorFlow) does with the same network on the same token ids.

Small: 2 epochs, one seed, sections, within 3 percentage points. --release: 10 epochs, 3 seeds, sections and themes, means
within 1 point; and a training step of at most 1.5 times PyTorch eager's, side by side. The small size takes PyTorch's
time too where benchmarks/setup torch has been run.
"""

import json
import os
import statistics
import subprocess
import sys

from report import MODELS, NNC_RUN, ROOT, Table, arguments, finish, get_data, run

MODEL = os.path.join(MODELS, "text_classifier.mlir")
WORK = os.path.join(ROOT, "build", "claims", "flagship")
STEP_LIMIT = 1.5


def train_ours(data, seed, epochs):
    """Test accuracy of a run of nnc-run, whose progress is shown as it goes; and its checkpoint."""
    checkpoint = os.path.join(WORK, f"{os.path.basename(data)}-{seed}.safetensors")
    command = [NNC_RUN, "train", MODEL, "--data", data, "--epochs", str(epochs), "--batch", "32", "--seed", str(seed),
               "--checkpoint", checkpoint, "--progress", "plain"]
    if subprocess.run(command).returncode != 0:
        finish(False, "nnc-run train failed")
    printed = run(NNC_RUN, "evaluate", MODEL, "--data", data, "--split", "test", "--checkpoint", checkpoint).stdout
    return float(dict(line.split() for line in printed.splitlines())["accuracy"]), checkpoint


def train_keras(data, checkpoint, seeds, epochs):
    """Test accuracies of Keras on the token ids that nnc-run made."""
    ids = os.path.join(WORK, os.path.basename(data) + "-ids")
    run(NNC_RUN, "encode", MODEL, "--data", data, "--checkpoint", checkpoint, "--output", ids)
    python = setup("keras")
    script = os.path.join(ROOT, "benchmarks", "keras_classifier.py")
    printed = run(python, script, ids, "--epochs", epochs, "--seeds", *seeds).stdout
    return [json.loads(line)["test accuracy"] for line in printed.splitlines()]


def setup(framework):
    return os.path.join(ROOT, run(os.path.join(ROOT, "benchmarks", "setup"), framework).stdout.splitlines()[-1])


def compare(data_name, seeds, epochs, points):
    data = get_data(data_name)
    ours = []
    for seed in seeds:
        accuracy, checkpoint = train_ours(data, seed, epochs)
        ours.append(accuracy)
    theirs = train_keras(data, checkpoint, seeds, epochs)
    difference = 100 * (statistics.mean(ours) - statistics.mean(theirs))
    table = Table((data_name, 16), ("test accuracy by seed", 32), ("mean", 6))
    for name, values in (("nnc", ours), ("keras", theirs)):
        table.row(name, "  ".join(f"{value:.4f}" for value in values), f"{statistics.mean(values):.4f}")
    return abs(difference) <= points, f"{data_name}: nnc {difference:+.2f} points from Keras (at most {points})"


def compare_step_time():
    result = run(sys.executable, os.path.join(ROOT, "benchmarks", "step_time.py"), "--limit", STEP_LIMIT, check=False)
    print(result.stdout + result.stderr, end="")
    return result.returncode == 0, result.stdout.splitlines()[-1] if result.stdout else "no step times"


def main():
    release = arguments(__doc__).release
    os.makedirs(WORK, exist_ok=True)
    seeds, epochs, points = ([1, 2, 3], 10, 1) if release else ([1], 2, 3)
    results = [compare("debian-sections", seeds, epochs, points)]
    if release:
        results.append(compare("debian-themes", seeds, epochs, points))
        setup("torch")
    if os.path.exists(os.path.join(ROOT, "build", "venv-torch")):
        results.append(compare_step_time())
    else:
        print("step time beside PyTorch: not measured, as benchmarks/setup torch has not been run")
    finish(all(holds for holds, _ in results), "; ".join(figure for _, figure in results))


if __name__ == "__main__":
    main()
