"""What the data sets share: their folders, running programs, and the rule that splits rows."""

import collections
import hashlib
import json
import os
import subprocess

SPLITS = ("train", "validation", "test")


class DataError(Exception):
    """Something that kept the data from being made, in words for the user."""


def cache_root():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "nnc")


class Folder:
    """The folder of one data set. It counts as complete once info.json, written last, is there."""

    def __init__(self, name):
        self.path = os.path.join(cache_root(), "data", name)
        self._info = os.path.join(self.path, "info.json")
        os.makedirs(self.path, exist_ok=True)

    def is_complete(self):
        return os.path.exists(self._info)

    def complete(self, facts):
        with open(self._info + ".tmp", "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=2, ensure_ascii=False)
        os.replace(self._info + ".tmp", self._info)

    def facts(self):
        with open(self._info, encoding="utf-8") as file:
            return json.load(file)

    def write(self, name, data):
        """Writes a file through a temporary one, so that no half-written file is ever taken for data."""
        path = os.path.join(self.path, name)
        with open(path + ".tmp", "wb") as file:
            file.write(data)
        os.replace(path + ".tmp", path)


def run(command, **options):
    """Runs a program and returns its stdout as text; a failure is a DataError that says what it printed."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, **options)
    except FileNotFoundError:
        raise DataError(f"{command[0]} is not installed") from None
    if result.returncode != 0:
        raise DataError(f"{' '.join(command)} failed:\n{(result.stderr or result.stdout).strip()}")
    return result.stdout


def split_of(key):
    """Which split rows of a source belong to: the first 8 hex digits of the key's SHA-256 mod 10 are 0 for test, 1 for
    validation. Rows that share a source (a source package, a film) stay together: near duplicates never cross."""
    number = int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % 10
    return {0: "test", 1: "validation"}.get(number, "train")


def write_text_splits(folder, rows):
    """Writes train.tsv, validation.tsv and test.tsv of (key, text, label) rows in their order; returns their counts."""
    lines = {split: ["text\tlabel"] for split in SPLITS}
    for key, text, label in rows:
        lines[split_of(key)].append(f"{' '.join(text.split())}\t{label}")
    for split in SPLITS:
        folder.write(f"{split}.tsv", ("\n".join(lines[split]) + "\n").encode())
    return {split: len(lines[split]) - 1 for split in SPLITS}


def class_counts(labels):
    """Labels with their counts, the most frequent first."""
    return dict(sorted(collections.Counter(labels).items(), key=lambda item: (-item[1], item[0])))
