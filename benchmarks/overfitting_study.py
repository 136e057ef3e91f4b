#!/usr/bin/env python3
"""What helps against overfitting: the text classifier on a tenth of its training rows, with nothing, L1, L2, dropout, early
stopping, and all of these.

    python3 benchmarks/overfitting_study.py [--size full] [--picture FILE.svg] [--markdown FILE.md]

Loss is the cross-entropy, without penalties, so that it can be compared. Training's numbers of an epoch are means over
its steps, dropout included, while the network changes; at the end the parameters that a training kept are measured on the
training rows too, as they are on the test rows.
"""

import math
import os
import re
from dataclasses import dataclass

import study
from contest import ROOT
from picture import LinePanel, draw_lines

NAME = "overfitting-study"
L1, L2, RATE, PATIENCE = "#nn.l1<1.0e-4>", "#nn.l2<1.0e-3>", 0.5, 3
# How far the validation loss must rise over its least for us to say that a network overfits.
OVERFITS = 1.05


@dataclass(frozen=True)
class Size:
    rows: dict  # what is left out is whole
    share: int  # of the training rows, one in so many
    tokens: int
    units: int
    epochs: int
    batch: int = 32
    seed: int = 1


SIZES = {"small": Size({"validation": 2000}, share=10, tokens=32, units=64, epochs=20),
         "full": Size({}, share=10, tokens=64, units=128, epochs=30)}


@dataclass(frozen=True)
class Remedy:
    kernel: str = ""  # a regulariser of the kernels of LSTM and dense layers
    recurrent: str = ""  # of recurrent kernels
    rate: float = 0  # of dropout behind the embedding and each LSTM layer
    stopping: bool = False


REMEDIES = {"nothing": Remedy(), "L1": Remedy(kernel=L1, recurrent=L1), "L2": Remedy(kernel=L2, recurrent=L2),
            "dropout": Remedy(rate=RATE), "early stopping": Remedy(stopping=True),
            # A parameter takes one regulariser.
            "all": Remedy(kernel=L1, recurrent=L2, rate=RATE, stopping=True)}


def model_text(remedy, size):
    """models/text_classifier.mlir with a remedy, and with the cross-entropy as a metric of its own."""
    with open(os.path.join(ROOT, "models", "text_classifier.mlir"), encoding="utf-8") as file:
        text = file.read()
    text = re.sub(r"(units|dim) = 128", rf"\1 = {size.units}", text.replace("?x64x", f"?x{size.tokens}x"))
    lines, renamed = [], {}
    for line in text.splitlines():
        if line.startswith("//"):
            continue
        layer = re.fullmatch(r"  (%\w+) = nn\.(embedding|lstm|dense) (%\w+) \{(.*)\}", line)
        if layer:
            result, kind, operand, attributes = layer.groups()
            if remedy.kernel and kind != "embedding":
                attributes += f", kernel_regularizer = {remedy.kernel}"
            if remedy.recurrent and kind == "lstm":
                attributes += f", recurrent_regularizer = {remedy.recurrent}"
            line = f"  {result} = nn.{kind} {renamed.get(operand, operand)} {{{attributes}}}"
        lines.append(line)
        if layer and remedy.rate and kind != "dense":
            renamed[result] = f"{result}_dropped"
            lines.append(f"  {renamed[result]} = nn.dropout {result} {{rate = {remedy.rate}}}")
        if "nn.metric" in line:
            lines.append('  nn.metric "crossentropy" %loss')
    return "\n".join(lines) + "\n"


def options_of(remedy, size):
    stopping = ("--early-stopping", "--patience", PATIENCE, "--restore-best") if remedy.stopping else ()
    return ("--epochs", size.epochs, "--batch", size.batch, "--seed", size.seed, "--monitor", "val_crossentropy",
            "--monitor-mode", "min", *stopping)


def best_of(result, name, sign=1):
    """The first epoch with the least `name`, with sign -1 with the most."""
    return min(result["epochs"], key=lambda epoch: sign * epoch[name])


def find_faults(results, size):
    """What is not as it must be, whatever the remedies do."""
    numbers = ("accuracy", "crossentropy", "val_accuracy", "val_crossentropy")
    for name, result in results.items():
        epochs = result["epochs"]
        if not all(math.isfinite(epoch[number]) for epoch in epochs for number in numbers):
            yield f"{name}: not all numbers are finite"
        best = int(best_of(result, "val_crossentropy")["epoch"])
        expected = min(size.epochs, best + PATIENCE) if REMEDIES[name].stopping else size.epochs
        if len(epochs) != expected:
            yield f"{name}: {len(epochs)} epochs, not {expected}"
    for stopped, whole in zip(results["early stopping"]["epochs"], results["nothing"]["epochs"]):
        if any(stopped[number] != whole[number] for number in numbers):
            yield f"early stopping: epoch {int(stopped['epoch'])} is not that of the training without it"


def tabulate(results):
    columns = ["with", "epochs", "best val loss", "in epoch", "last val loss", "last loss", "gap of loss", "best val accuracy",
               "last val accuracy", "last accuracy", "gap of accuracy", "kept: train accuracy", "kept: test accuracy", "seconds"]
    rows = []
    for name, result in results.items():
        best, last = best_of(result, "val_crossentropy"), result["epochs"][-1]
        rows.append([name, int(last["epoch"]), f"{best['val_crossentropy']:.4f}", int(best["epoch"]),
                     f"{last['val_crossentropy']:.4f}", f"{last['crossentropy']:.4f}",
                     f"{last['val_crossentropy'] - last['crossentropy']:+.4f}",
                     f"{best_of(result, 'val_accuracy', -1)['val_accuracy']:.4f}", f"{last['val_accuracy']:.4f}",
                     f"{last['accuracy']:.4f}", f"{last['accuracy'] - last['val_accuracy']:+.4f}",
                     f"{result['measured']['train']['accuracy']:.4f}", f"{result['measured']['test']['accuracy']:.4f}",
                     f"{study.seconds_of(result):.0f}"])
    return columns, rows


def say(results, size, taken):
    """What the table shows, in words."""
    def last_gap(result):
        last = result["epochs"][-1]
        return last["val_crossentropy"] - last["crossentropy"]

    def rise(result):
        return result["epochs"][-1]["val_crossentropy"] / best_of(result, "val_crossentropy")["val_crossentropy"]

    bare = results["nothing"]
    test = {name: result["measured"]["test"]["accuracy"] for name, result in results.items()}
    chance = 100 * 2 * math.sqrt(2 * max(test.values()) * (1 - max(test.values())) / taken["test"])
    by_loss = sorted(results, key=lambda name: best_of(results[name], "val_crossentropy")["val_crossentropy"])
    points = {name: 100 * (value - test["nothing"]) for name, value in test.items() if name != "nothing"}
    return [
        f"{taken['train']:,} training, {taken['validation']:,} validation and {taken['test']:,} test rows; {size.tokens} words, "
        f"embedding and two LSTM layers of {size.units}, at most {size.epochs} epochs, batch {size.batch}, seed {size.seed}. "
        f"L1: `{L1}` and L2: `{L2}` of the kernels and recurrent kernels of all layers but the embedding; dropout of {RATE} behind "
        f"the embedding and each LSTM layer; early stopping after {PATIENCE} epochs without a better validation loss, with the "
        "best epoch's parameters; all: L1 of kernels, L2 of recurrent kernels, as a parameter takes one regulariser, with the "
        f"other two. Seconds are of one thread of {study.machine()}, and only indicative.",
        f"With nothing the validation loss is least in epoch {int(best_of(bare, 'val_crossentropy')['epoch'])} and at the end "
        f"{rise(bare):.2f} times that; the training loss ends at {bare['epochs'][-1]['crossentropy']:.4f}. " +
        ("The network overfits. " if rise(bare) > OVERFITS else "There is little overfitting to see. ") +
        "The gap between validation and training loss at the end: " +
        ", ".join(f"{name} {last_gap(result):.2f}" for name, result in results.items()) + ".",
        "By the best validation loss: " + ", ".join(
            f"{name} {best_of(results[name], 'val_crossentropy')['val_crossentropy']:.3f}" for name in by_loss) + ".",
        "Test accuracy of the parameters that were kept, against nothing: " + ", ".join(
            f"{name} {value:+.1f} points" for name, value in points.items()) +
        f". With one seed and this many test rows, differences of less than {chance:.1f} points are within what chance alone "
        "brings (two standard errors of a difference)" + "".join(
            f"; {name} is worse than nothing by more than that" for name, value in points.items() if value < -chance) + "."]


def draw(results):
    panels = []
    for name, result in results.items():
        lines = {label: [(int(epoch["epoch"]), epoch[key]) for epoch in result["epochs"]]
                 for label, key in (("training", "crossentropy"), ("validation", "val_crossentropy"))}
        best = best_of(result, "val_crossentropy")
        panels.append(LinePanel(name, lines, {"validation": (int(best["epoch"]), best["val_crossentropy"])}))
    return lambda path: draw_lines(
        path, "Overfitting, and what is done against it", "Cross-entropy on training and validation rows by epoch: the text "
        "classifier on a tenth of its training rows. Ring: the best epoch. Training's is with dropout, where there is some.",
        "cross-entropy", "epoch", panels, columns=3, low=0)


def conduct(size, jobs=study.processors(), picture="", markdown=""):
    """Trains, prints and writes. Returns what is not as it must be, and the number of trainings."""
    sizes = SIZES[size]
    folder = os.path.join(study.STUDIES, f"{NAME}-{size}")
    data, source = os.path.join(folder, "data"), study.data_folder("debian-sections")
    taken = study.take_rows(source, {**sizes.rows, "train": study.count_rows(source, "train") // sizes.share}, data)
    trainings = [study.Training(name.replace(" ", "-"), model_text(remedy, sizes), options_of(remedy, sizes), ("train", "test"))
                 for name, remedy in REMEDIES.items()]
    results = dict(zip(REMEDIES, study.train_all(trainings, data, folder, jobs)))
    study.publish(NAME, size, *tabulate(results), list(results.values()), say(results, sizes, taken), draw(results),
                  "Training and validation loss by epoch", picture, markdown)
    return list(find_faults(results, sizes)), len(results)


if __name__ == "__main__":
    raise SystemExit(study.main(conduct, __doc__))
