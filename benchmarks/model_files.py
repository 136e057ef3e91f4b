#!/usr/bin/env python3
"""Runs the command at the top of each model file in models/, measures the test rows, and makes the table of results in models/README.md.

    python3 benchmarks/model_files.py [--jobs 1] [--markdown models/README.md]

Data and command are read from the comment that a file begins with. Each runs on one thread.
"""

import argparse
import os
import re
import shlex
import sys
from dataclasses import dataclass

import study
from contest import ROOT

NAME = "model-files"
MODELS = os.path.join(ROOT, "models")


@dataclass(frozen=True)
class Head:
    """What the comment says that a model file begins with."""
    data: str  # the data set
    command: str

    @staticmethod
    def read(path):
        with open(path, encoding="utf-8") as file:
            comment = re.match(r"(?://.*\n)*", file.read()).group()
        lines = [line.removeprefix("//").strip() for line in comment.splitlines()]
        data = [line.split()[1] for line in lines if line.startswith("tools/get-data ")]
        commands = [line for line in lines if line.startswith("nnc-run train ")]
        if len(data) != 1 or len(commands) != 1:
            sys.exit(f"{path}: does not begin with a comment that has a line `tools/get-data NAME` and one `nnc-run train ...`")
        return Head(data[0], commands[0])

    def options(self):
        """Of the command, those that say how to train."""
        words, kept = shlex.split(self.command)[3:], []
        while words:
            option = words.pop(0)
            value = words.pop(0)
            if option != "--data":
                kept += [option, value]
        return tuple(kept)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=study.processors(), help="trainings at a time")
    parser.add_argument("--markdown", help="a file in which the section of the table is replaced")
    given = parser.parse_args()
    heads = {name: Head.read(os.path.join(MODELS, name)) for name in sorted(os.listdir(MODELS)) if name.endswith(".mlir")}
    trainings, data = [], {}
    for name, head in heads.items():
        with open(os.path.join(MODELS, name), encoding="utf-8") as file:
            trainings.append(study.Training(name.removesuffix(".mlir"), file.read(), head.options()))
        data[trainings[-1].name] = study.data_folder(head.data)
    folder = os.path.join(study.STUDIES, NAME)
    results = study.train_all(trainings, lambda training: data[training.name], folder, given.jobs)
    columns = ["model", "data", "parameters", "depth", "epochs", "test accuracy", "test macro F1", "seconds"]
    rows = []
    for (name, head), result in zip(heads.items(), results):
        test = result["measured"]["test"]
        rows.append([name, head.data, f"{result['report']['parameters']['total']:,}", result["report"]["depth"],
                     len(result["epochs"]), f"{test['accuracy']:.4f}", f"{test['macro']['f1']:.4f}",
                     f"{study.seconds_of(result):.0f}"])
    study.print_table(columns, rows)
    if given.markdown:
        study.replace_section(
            given.markdown, NAME, f"{study.markdown_table(columns, rows)}\n\nSeconds are of training, validation after each "
            f"epoch included, on one thread of {study.machine()}, and only indicative.")


if __name__ == "__main__":
    main()
