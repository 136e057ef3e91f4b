#!/usr/bin/env python3
"""Whether deeper networks read better: dense layers on averaged embeddings, simple_rnn, gru, lstm and lstm in both
directions, each in 1, 2 and 3 layers, on the text classifier's data, with the same rows, epochs, batch, width and seed.

    python3 benchmarks/depth_study.py [--size full] [--picture FILE.svg] [--markdown FILE.md]

Width is how many numbers a layer gives to the next for a word; of a layer in both directions each has half of it. The epoch
of the best validation accuracy is the one measured on the test rows. Depths and parameters are those of nnc-opt --nn-report.
"""

import json
import math
import os
import subprocess
from dataclasses import dataclass

import study
from contest import ROOT
from picture import LinePanel, draw_lines

NAME = "depth-study"
# Name of a kind of network: its layer, and whether that runs in both directions.
KINDS = {"averaged, dense": ("dense", False), "simple_rnn": ("simple_rnn", False), "gru": ("gru", False),
         "lstm": ("lstm", False), "bidirectional lstm": ("lstm", True)}
LAYERS = (1, 2, 3)


@dataclass(frozen=True)
class Size:
    rows: dict
    tokens: int
    vocabulary: int
    width: int
    epochs: int
    batch: int = 32
    seed: int = 1


SIZES = {"small": Size({"train": 8000, "validation": 2000}, tokens=32, vocabulary=5000, width=64, epochs=6),
         "full": Size({}, tokens=64, vocabulary=10000, width=128, epochs=10)}


def model_text(kind, layers, size, classes):
    op, bidirectional = KINDS[kind]
    lines = [f"  %h0 = nn.embedding %tokens {{vocab = {size.vocabulary}, dim = {size.width}}}"]
    if op == "dense":
        lines.append("  %mean = nn.global_average_pooling_1d %h0")
    else:
        lines.insert(0, "  %mask = nn.padding_mask %tokens")
    for number in range(1, layers + 1):
        if op == "dense":
            operand, attributes = f"%{f'h{number - 1}' if number > 1 else 'mean'}", f"units = {size.width}, activation = relu"
        else:
            operand = f"%h{number - 1} mask(%mask)"
            attributes = f"units = {size.width // 2 if bidirectional else size.width}"
            attributes += ", return_sequences" if number < layers else ""
            attributes += ", direction = bidirectional" if bidirectional else ""
        lines.append(f"  %h{number} = nn.{op} {operand} {{{attributes}}}")
    layers_text = "\n".join(lines)
    return f"""// The depth study's network of kind "{kind}" with as many layers: {layers}.
nn.model @classifier(%tokens: tensor<?x{size.tokens}xi32>) -> tensor<?x{classes}xf32> {{
{layers_text}
  %probs = nn.dense %h{layers} {{units = {classes}, activation = softmax}}
  nn.return %probs
}}

nn.step @fit(%tokens: tensor<?x{size.tokens}xi32>, %label: tensor<?xi32>) {{
  %probs = nn.call @classifier(%tokens) : tensor<?x{classes}xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}}
"""


def keras_counts(networks, size, classes):
    """Of each network in Keras, where it is installed."""
    python = os.path.join(ROOT, "build", "venv-keras", "bin", "python")
    if not os.path.exists(python):
        return None
    told = [{"op": KINDS[kind][0], "bidirectional": KINDS[kind][1], "layers": layers, "width": size.width,
             "vocabulary": size.vocabulary, "tokens": size.tokens, "classes": classes} for kind, layers in networks]
    done = subprocess.run([python, os.path.join(ROOT, "benchmarks", "keras_counts.py")], input=json.dumps(told),
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise study.StudyError(f"benchmarks/keras_counts.py: {done.stderr}")
    return json.loads(done.stdout)


def find_faults(networks, results, size, counts):
    """What is not as it must be, whatever the networks have learnt."""
    for i, ((kind, layers), result) in enumerate(zip(networks, results)):
        report, name = result["report"], f"{kind} in {layers}"
        numbers = [epoch[key] for epoch in result["epochs"] for key in ("loss", "val_loss", "val_accuracy")]
        if len(result["epochs"]) != size.epochs or not all(map(math.isfinite, numbers)):
            yield f"{name}: training did not come to its end"
        if report["depth"] != layers + 2:
            yield f"{name}: depth {report['depth']}, not {layers + 2} (embedding, {layers}, output)"
        if report["longest_path"] != layers + 2 + (KINDS[kind][0] == "dense"):
            yield f"{name}: longest path {report['longest_path']}"
        total = report["parameters"]["total"]
        if total != sum(study.parameters_by_kind(result).values()):
            yield f"{name}: {total} parameters, which is not the sum of its layers"
        if counts and total != counts[i]:
            yield f"{name}: {total} parameters, in Keras {counts[i]}"


def best_epoch(result):
    """Number and validation accuracy of the first best epoch, which is the one that was kept."""
    best = max(result["epochs"], key=lambda epoch: epoch["val_accuracy"])
    return int(best["epoch"]), best["val_accuracy"]


def tabulate(networks, results):
    kinds = list(dict.fromkeys(kind for result in results for kind in study.parameters_by_kind(result)))
    columns = ["network", "layers", "depth", "longest path", *kinds, "parameters", "best val accuracy", "in epoch",
               "test accuracy", "test macro F1", "seconds"]
    rows = []
    for (kind, layers), result in zip(networks, results):
        report, by_kind = result["report"], study.parameters_by_kind(result)
        epoch, accuracy = best_epoch(result)
        test = result["measured"]["test"]
        rows.append([kind, layers, report["depth"], report["longest_path"],
                     *(f"{by_kind[name]:,}" if name in by_kind else "" for name in kinds),
                     f"{report['parameters']['total']:,}", f"{accuracy:.4f}", epoch, f"{test['accuracy']:.4f}",
                     f"{test['macro']['f1']:.4f}", f"{study.seconds_of(result):.0f}"])
    return columns, rows


def say(networks, results, size, taken):
    """What the table shows, in words. A difference counts where it is larger than two standard errors of the difference of
    two shares of the test rows."""
    accuracy = {network: result["measured"]["test"]["accuracy"] for network, result in zip(networks, results)}
    best = max(accuracy, key=accuracy.get)
    chance = 100 * 2 * math.sqrt(2 * accuracy[best] * (1 - accuracy[best]) / taken["test"])
    sentences = [
        f"{taken['train']:,} training, {taken['validation']:,} validation and {taken['test']:,} test rows; {size.tokens} words, "
        f"a vocabulary of {size.vocabulary:,}, width {size.width}, {size.epochs} epochs, batch {size.batch}, seed {size.seed}; "
        f"Adam at 1e-3, no regularisation. Seconds are of one thread of {study.machine()}, and only indicative.",
        f"The best is {best[0]} in {best[1]} layer{'s' if best[1] > 1 else ''}, with a test accuracy of {accuracy[best]:.4f}. "
        f"With one seed and this many test rows, differences of less than {chance:.1f} points are within what chance alone "
        "brings (two standard errors of a difference)."]
    words = []
    for kind in KINDS:
        points = {layers: 100 * (accuracy[kind, layers] - accuracy[kind, LAYERS[0]]) for layers in LAYERS[1:]}
        verdict = ("deeper is better" if min(points.values()) > 0 and max(points.values()) > chance else
                   "deeper is worse" if max(points.values()) < 0 and min(points.values()) < -chance else
                   "depth makes no difference that stands out from chance" if max(map(abs, points.values())) <= chance else
                   "depth makes a difference, but not in one direction")
        words.append(f"{kind}: {verdict} (" + ", ".join(f"{value:+.1f} points with {layers}" for layers, value in points.items())
                     + " layers)")
    sentences.append("Against one layer: " + "; ".join(words) + ".")
    return sentences


def draw(networks, results):
    def lines(value):
        return {kind: [(layers, value(result)) for (name, layers), result in zip(networks, results) if name == kind]
                for kind in KINDS}

    return lambda path: draw_lines(
        path, "Accuracy by depth", "Text classifiers that differ in kind and number of layers only. Validation: the best epoch; "
        "test: that epoch's parameters.", "share, F1", "layers",
        [LinePanel("validation accuracy", lines(lambda result: best_epoch(result)[1])),
         LinePanel("test accuracy", lines(lambda result: result["measured"]["test"]["accuracy"])),
         LinePanel("test macro F1", lines(lambda result: result["measured"]["test"]["macro"]["f1"]))], columns=3)


def conduct(size, jobs=study.processors(), picture="", markdown=""):
    """Trains, prints and writes. Returns what is not as it must be, and the number of trainings."""
    sizes = SIZES[size]
    folder = os.path.join(study.STUDIES, f"{NAME}-{size}")
    data = os.path.join(folder, "data")
    taken = study.take_rows(study.data_folder("debian-sections"), sizes.rows, data)
    classes = study.count_classes(data)
    networks = [(kind, layers) for kind in KINDS for layers in LAYERS]
    results = study.train_all([
        study.Training(f"{kind.replace(', ', '-').replace(' ', '-')}-{layers}", model_text(kind, layers, sizes, classes),
                       ("--epochs", sizes.epochs, "--batch", sizes.batch, "--seed", sizes.seed, "--monitor", "val_accuracy"),
                       best=True)
        for kind, layers in networks], data, folder, jobs)
    counts = keras_counts(networks, sizes, classes)
    study.publish(NAME, size, *tabulate(networks, results), results, say(networks, results, sizes, taken),
                  draw(networks, results), "Validation accuracy, test accuracy and macro F1 by number of layers", picture, markdown)
    print("parameters: " + ("compared with Keras'" if counts else "Keras is not installed; compared with the layers' sum"))
    return list(find_faults(networks, results, sizes, counts)), len(results)


if __name__ == "__main__":
    raise SystemExit(study.main(conduct, __doc__))
