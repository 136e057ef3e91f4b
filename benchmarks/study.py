"""What studies of training share: a part of a data set that is the same everywhere, trainings by nnc-run of which each
runs once, and results as a table, CSV, JSON and a section of a Markdown file.

What has been trained lies in build/studies, under a hash of the model's text, the command, the data and the tools: a study
that was interrupted begins again with the trainings that had not ended.
"""

import argparse
import concurrent.futures
import csv
import functools
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

from contest import ROOT

BUILD = os.environ.get("NNC_BUILD", os.path.join(ROOT, "build", "release"))
NNC_OPT, NNC_RUN = (os.path.join(BUILD, "bin", name) for name in ("nnc-opt", "nnc-run"))
STUDIES = os.path.join(ROOT, "build", "studies")


class StudyError(Exception):
    """A program that a study runs has failed; what it said."""


def main(conduct, description):
    """A study's command: its exit status. `conduct` takes the options and returns what is not as it must be, and a count."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["small", "full"], default="small",
                        help="small ends within ten minutes; full takes half an hour or more")
    parser.add_argument("--jobs", type=int, default=processors(),
                        help="trainings at a time, each on one thread; with 1 each has the machine to itself")
    parser.add_argument("--picture", help="an SVG file")
    parser.add_argument("--markdown", help="a file in which the study's section is replaced by these results, with the picture")
    given = parser.parse_args()
    try:
        faults, _ = conduct(**vars(given))
    except StudyError as error:
        faults = [error]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def processors():
    return len(os.sched_getaffinity(0))


def run(*command):
    """What a program prints."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode != 0:
        raise StudyError(f"{' '.join(map(str, command))}\nleft with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def data_folder(name):
    """Of a data set that tools/get-data knows, fetched where it is not there yet."""
    return run(sys.executable, os.path.join(ROOT, "tools", "get-data"), name).splitlines()[-1]


def read_rows(folder, split):
    """Header and rows of a split, a .tsv file."""
    with open(os.path.join(folder, f"{split}.tsv"), encoding="utf-8", newline="") as file:
        header, *lines = file.read().removesuffix("\n").split("\n")
    return header, lines


def count_rows(folder, split):
    return len(read_rows(folder, split)[1])


def count_classes(folder):
    header, lines = read_rows(folder, "train")
    column = header.split("\t").index("label")
    return len({line.split("\t")[column] for line in lines})


def take_rows(source, rows, folder):
    """Copies splits of .tsv files, of each as many rows as `rows` says by its name, all where it says nothing: those whose
    SHA-256 comes first, in the order they have. Returns the number of rows by split."""
    os.makedirs(folder, exist_ok=True)
    taken = {}
    for split in ("train", "validation", "test"):
        header, lines = read_rows(source, split)
        first = sorted(range(len(lines)), key=lambda i: (hashlib.sha256(lines[i].encode()).digest(), i))
        kept = sorted(first[:rows.get(split, len(lines))])
        path = os.path.join(folder, f"{split}.tsv")
        with open(path + ".new", "w", encoding="utf-8", newline="") as file:
            file.write("\n".join([header, *(lines[i] for i in kept)]) + "\n")
        os.replace(path + ".new", path)
        taken[split] = len(kept)
    return taken


@functools.cache
def digest_of(path):
    """Of a file, or of all files of a folder."""
    digest = hashlib.sha256()
    for name in sorted(os.listdir(path)) if os.path.isdir(path) else [""]:
        with open(os.path.join(path, name) if name else path, "rb") as file:
            digest.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


@dataclass(frozen=True)
class Training:
    name: str
    model: str  # the text of the model file
    options: tuple  # of nnc-run train, besides model, data, threads and files
    measured: tuple = ("test",)  # the splits to measure the result on
    best: bool = False  # the result is the best epoch's parameters by --monitor, not the last one's


def train(training, data, folder):
    """Trains in `folder`, on one thread, and measures. Where that was done before, what came of it."""
    command = ["train", *map(str, training.options), "--threads", "1", "--progress", "none"]
    told = [training.model, command, training.measured, training.best, digest_of(data), digest_of(NNC_OPT), digest_of(NNC_RUN)]
    key = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16]
    result_path = os.path.join(folder, f"{training.name}-{key}.json")
    if os.path.exists(result_path):
        with open(result_path, encoding="utf-8") as file:
            return json.load(file)
    model, checkpoint, history = (os.path.join(folder, f"{training.name}{suffix}")
                                  for suffix in (".mlir", ".safetensors", ".csv"))
    with open(model, "w", encoding="utf-8") as file:
        file.write(training.model)
    for stale in (checkpoint, history):
        if os.path.exists(stale):
            os.remove(stale)
    report = json.loads(run(NNC_OPT, model, "--nn-report=json"))["models"][0]
    run(NNC_RUN, *command, model, "--data", data, "--history", history, "--save-best" if training.best else "--checkpoint",
        checkpoint)
    with open(history, encoding="utf-8", newline="") as file:
        epochs = [{name: float(value) for name, value in row.items() if value} for row in csv.DictReader(file)]
    measure = functools.partial(run, NNC_RUN, "evaluate", model, "--data", data, "--checkpoint", checkpoint, "--threads", "1",
                                "--report=json", "--split")
    result = {"name": training.name, "command": ["nnc-run", *command], "report": {name: report[name] for name in (
        "parameters", "depth", "longest_path", "layers")}, "epochs": epochs,
        "measured": {split: json.loads(measure(split)) for split in training.measured}}
    os.remove(checkpoint)
    with open(result_path + ".new", "w", encoding="utf-8") as file:
        json.dump(result, file, indent=1)
    os.replace(result_path + ".new", result_path)
    return result


def train_all(trainings, data, folder, jobs):
    """The results, in order. `data` is a folder, or a function of a training."""
    os.makedirs(folder, exist_ok=True)

    def one(training):
        result = train(training, data(training) if callable(data) else data, folder)
        print(f"{training.name}: {len(result['epochs'])} epochs, {seconds_of(result):.0f} s", flush=True)
        return result

    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        return list(pool.map(one, trainings))
    finally:
        pool.shutdown(cancel_futures=True)


def seconds_of(result):
    """What training took, with the validation after each epoch."""
    return sum(epoch["seconds"] for epoch in result["epochs"])


def parameters_by_kind(result):
    """Parameters by kind of layer that has some, as the report counts them."""
    counts = {}
    for layer in result["report"]["layers"]:
        if layer["parameters"]["total"] and not layer["shared"]:
            counts[layer["kind"]] = counts.get(layer["kind"], 0) + layer["parameters"]["total"]
    return counts


def machine():
    """The processor, as the system names it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            name = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor() or platform.machine()
    return f"{name}, {processors()} cores"


def print_table(columns, rows):
    """Names to the left, numbers to the right."""
    cells = [list(columns), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
    for row in cells:
        print("  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                        for i, (cell, width) in enumerate(zip(row, widths))).rstrip())


def markdown_table(columns, rows):
    lines = [columns, ["---", *["---:"] * (len(columns) - 1)], *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def write_csv(path, columns, rows):
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def replace_section(path, name, text):
    """Puts `text` between the lines `<!-- NAME: begin -->` and `<!-- NAME: end -->` of a Markdown file."""
    begin, end = f"<!-- {name}: begin -->\n", f"<!-- {name}: end -->\n"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    if begin not in whole or end not in whole.split(begin, 1)[1]:
        sys.exit(f"{path}: no lines {begin.strip()} and {end.strip()} to put the results between")
    before, rest = whole.split(begin, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n" + text.strip() + "\n\n" + end + rest.split(end, 1)[1])


def publish(name, size, columns, rows, results, sentences, draw, caption, picture, markdown):
    """Prints table and sentences, writes CSV, JSON and the picture; that and a Markdown section also where they are wanted."""
    print()
    print_table(columns, rows)
    for sentence in sentences:
        print(f"\n{sentence}")
    folder = os.path.join(STUDIES, f"{name}-{size}")
    write_csv(os.path.join(folder, f"{name}.csv"), columns, rows)
    with open(os.path.join(folder, f"{name}.json"), "w", encoding="utf-8") as file:
        json.dump({"study": name, "size": size, "machine": machine(), "results": results}, file, indent=1)
    drawn = os.path.join(folder, f"{name}.svg")
    draw(drawn)
    print(f"\nwritten: {name}.csv, {name}.json, {name}.svg in {os.path.relpath(folder, ROOT)}")
    if picture:
        shutil.copyfile(drawn, picture)
    if markdown:
        shown = f"![{caption}]({os.path.relpath(picture, os.path.dirname(markdown))})\n\n" if picture else ""
        replace_section(markdown, name, f"{shown}Size: {size}.\n\n{markdown_table(columns, rows)}\n\n" + "\n\n".join(sentences))
