"""Claim flagship: the text classifier, trained on the packages' descriptions, classifies the test rows as well as Keras
(TensorFlow) does with the same network on the same token ids.

Small: 2 epochs, one seed, sections, within 3 percentage points. --release: 10 epochs, 3 seeds, sections and themes, means
within 1 point; and a training step of at most 1.5 times PyTorch eager's, side by side. The small size takes PyTorch's
time too where benchmarks/setup torch has been run.
"""

import concurrent.futures
import json
import os
import statistics
import sys

from report import MODELS, NNC_RUN, ROOT, Table, arguments, finish, get_data, run

MODEL = os.path.join(MODELS, "text_classifier.mlir")
WORK = os.path.join(ROOT, "build", "claims", "flagship")
STEP_LIMIT = 1.5


def train_ours(data, seed, epochs, checkpoint):
    """Trains with nnc-run, on one thread: the bits are those of any number. Its test accuracy."""
    run(NNC_RUN, "train", MODEL, "--data", data, "--epochs", epochs, "--batch", 32, "--seed", seed, "--threads", 1,
        "--checkpoint", checkpoint, "--progress", "none")
    printed = run(NNC_RUN, "evaluate", MODEL, "--data", data, "--split", "test", "--threads", 1,
                  "--checkpoint", checkpoint).stdout
    return float(dict(line.split() for line in printed.splitlines())["accuracy"])


def train_keras(data, seed, epochs, checkpoint):
    """Trains Keras on the token ids that nnc-run makes, on one thread. Its test accuracy."""
    ids = checkpoint.removesuffix(".safetensors") + "-ids"
    run(NNC_RUN, "encode", MODEL, "--data", data, "--checkpoint", checkpoint, "--output", ids)
    printed = run(os.path.join(ROOT, "build", "venv-keras", "bin", "python"),
                  os.path.join(ROOT, "benchmarks", "keras_classifier.py"),
                  ids, "--epochs", epochs, "--seed", seed, "--threads", 1).stdout
    return json.loads(printed.splitlines()[-1])["test accuracy"]


def train_both(data_name, seed, epochs):
    data = get_data(data_name)
    checkpoint = os.path.join(WORK, f"{data_name}-{seed}.safetensors")
    ours = train_ours(data, seed, epochs, checkpoint)
    theirs = train_keras(data, seed, epochs, checkpoint)
    print(f"{data_name}, seed {seed}: nnc {ours:.4f}, keras {theirs:.4f}", flush=True)
    return ours, theirs


def setup(framework):
    run(os.path.join(ROOT, "benchmarks", "setup"), framework)


def compare_accuracy(data_names, seeds, epochs, points):
    """Trains side by side, a run a processor: neither framework gains from a second thread what a second run does."""
    runs = [(name, seed) for name in data_names for seed in seeds]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        accuracies = dict(zip(runs, pool.map(lambda pair: train_both(*pair, epochs), runs)))
    for name in data_names:
        table = Table((name, 16), ("test accuracy by seed", 32), ("mean", 6))
        means = []
        for framework, values in zip(("nnc", "keras"), zip(*(accuracies[name, seed] for seed in seeds))):
            means.append(statistics.mean(values))
            table.row(framework, "  ".join(f"{value:.4f}" for value in values), f"{means[-1]:.4f}")
        difference = 100 * (means[0] - means[1])
        yield abs(difference) <= points, f"{name}: nnc {difference:+.2f} points from Keras (at most {points})"


def compare_step_time():
    result = run(sys.executable, os.path.join(ROOT, "benchmarks", "step_time.py"), "--limit", STEP_LIMIT, check=False)
    print(result.stdout + result.stderr, end="")
    return result.returncode == 0, result.stdout.splitlines()[-1] if result.stdout else "no step times"


def main():
    release = arguments(__doc__).release
    os.makedirs(WORK, exist_ok=True)
    setup("keras")
    results = []
    if release:
        setup("torch")
    if os.path.exists(os.path.join(ROOT, "build", "venv-torch")):
        results.append(compare_step_time())
    else:
        print("step time beside PyTorch: not measured, as benchmarks/setup torch has not been run")
    if release:
        results += compare_accuracy(["debian-sections", "debian-themes"], [1, 2, 3], epochs=10, points=1)
    else:
        results += compare_accuracy(["debian-sections"], [1], epochs=2, points=3)
    finish(all(holds for holds, _ in results), "; ".join(figure for _, figure in results))


if __name__ == "__main__":
    main()
