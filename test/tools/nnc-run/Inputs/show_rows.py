"""Prints the words of a checkpoint's vocabulary, each with its row of an embedding, "as drawn" where it is that of another
checkpoint: show_rows.py CHECKPOINT EMBEDDING DRAWN."""

import json
import sys

from safetensors import safe_open

path, name, drawn = sys.argv[1:]
with safe_open(path, "numpy") as file, safe_open(drawn, "numpy") as other:
    words = ["(padding)", "(unknown)", *json.loads(file.metadata()["nnc.words"])]
    rows, initial = file.get_tensor(name), other.get_tensor(name)
    for word, row, first in zip(words, rows, initial):
        print(word, "as drawn" if (row == first).all() else row.tolist())
