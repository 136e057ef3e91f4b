"""Claim flagship: the text classifier, trained on the packages' descriptions, classifies the test rows as well as Keras
(TensorFlow) does with the same network on the same token ids. Keras' Adam gets an embedding's gradient summed by row
(benchmarks/keras_classifier.py says why).

Small: 2 epochs, one seed, sections, within 3 percentage points. --release: 10 epochs, 3 seeds, sections and themes, means
within 1 point; and a training step of at most 1.5 times PyTorch eager's, side by side. The small size takes PyTorch's
time too where benchmarks/setup torch has been run. The large one takes an hour; interrupted, it goes on where it was, with
the same tools, when it is called again.
"""

import concurrent.futures
import hashlib
import json
import os
import shutil
import statistics
import sys

from report import MODELS, NNC_OPT, NNC_RUN, ROOT, Table, arguments, finish, get_data, run

sys.path.append(os.path.join(ROOT, "benchmarks"))
from peers import compare  # noqa: E402

MODEL = os.path.join(MODELS, "text_classifier.mlir")
KERAS_SCRIPT = os.path.join(ROOT, "benchmarks", "keras_classifier.py")
STEP_LIMIT = 1.5


def work_folder():
    """Where finished trainings lie until all are: a folder of these very tools and this model."""
    digest = hashlib.sha256()
    for path in (NNC_OPT, NNC_RUN, KERAS_SCRIPT, MODEL):
        with open(path, "rb") as file:
            digest.update(file.read())
    return os.path.join(ROOT, "build", "claims", f"flagship-{digest.hexdigest()[:12]}")


WORK = work_folder()


def train_ours(data, seed, epochs, checkpoint):
    """Trains with nnc-run, on one thread: the bits are those of any number. Its test accuracy."""
    run(NNC_RUN, "train", MODEL, "--data", data, "--epochs", epochs, "--batch", 32, "--seed", seed, "--threads", 1,
        "--checkpoint", checkpoint, "--progress", "none", *(["--resume"] if os.path.exists(checkpoint) else []))
    printed = run(NNC_RUN, "evaluate", MODEL, "--data", data, "--split", "test", "--threads", 1,
                  "--checkpoint", checkpoint).stdout
    return float(dict(line.split() for line in printed.splitlines())["accuracy"])


def train_keras(data, seed, epochs, checkpoint):
    """Trains Keras on the token ids that nnc-run makes, on one thread. Its test accuracy."""
    ids, result = (checkpoint.removesuffix(".safetensors") + suffix for suffix in ("-ids", "-keras.json"))
    if os.path.exists(result):
        with open(result) as file:
            return json.load(file)["test accuracy"]
    run(NNC_RUN, "encode", MODEL, "--data", data, "--checkpoint", checkpoint, "--output", ids)
    printed = run(os.path.join(ROOT, "build", "venv-keras", "bin", "python"),
                  KERAS_SCRIPT, ids, "--epochs", epochs, "--seed", seed, "--threads", 1).stdout
    with open(result + ".new", "w") as file:
        file.write(printed.splitlines()[-1])
    os.replace(result + ".new", result)
    return json.loads(printed.splitlines()[-1])["test accuracy"]


def train_both(data_name, seed, epochs):
    data = get_data(data_name)
    checkpoint = os.path.join(WORK, f"{data_name}-{seed}-{epochs}.safetensors")
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
    """Training steps beside PyTorch eager's, as benchmarks/peers.py times them."""
    results = compare("flagship:64:32:128", len(os.sched_getaffinity(0)), "native", rounds=12, seconds=0.4,
                      only=["torch"])
    table = Table(("training step", 16), ("min ms", 8), ("median ms", 9))
    for name, result in results.items():
        table.row(name, f"{1e3 * result.least:.2f}", f"{1e3 * result.median:.2f}")
    ratio = results["nnc"].median / results["torch"].median
    least = results["nnc"].least / results["torch"].least
    return ratio <= STEP_LIMIT, f"step time {least:.2f} (min), {ratio:.2f} (median) of PyTorch's (at most {STEP_LIMIT})"


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
    shutil.rmtree(WORK)
    finish(all(holds for holds, _ in results), "; ".join(figure for _, figure in results))


if __name__ == "__main__":
    main()
