"""Files of weights for convert-weights.test, made without Keras or PyTorch: weights_files.py COMMAND ARGUMENTS.

    random CHECKPOINT                replaces every parameter by random numbers
    equal CHECKPOINT OTHER           whether the parameters have the same bits
    state FILE NAME=SHAPE ...        a state_dict, NAME=2x3; NAME=2x3:i for integers
    data FILE                        tokens and labels for layers.mlir
    show FILE                        names, shapes and types in an .h5 or safetensors file
"""

import sys

import h5py
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

random = np.random.default_rng(5)


def parameters(path):
    """Of a checkpoint, without the optimiser's state and counters."""
    return {name: value for name, value in load_file(path).items()
            if value.dtype == np.float32 and not name.endswith((".m", ".v"))}


def main():
    command, path, *more = sys.argv[1:]
    if command == "random":
        drawn = {name: random.standard_normal(value.shape).astype(value.dtype) if value.dtype == np.float32 else value
                 for name, value in load_file(path).items()}
        with safe_open(path, "numpy") as file:
            save_file(drawn, path, file.metadata())
    elif command == "equal":
        ours, theirs = parameters(path), parameters(more[0])
        assert ours.keys() == theirs.keys(), (ours.keys(), theirs.keys())
        assert all(ours[name].tobytes() == theirs[name].tobytes() for name in ours)
        print(f"{len(ours)} parameters have equal bits")
    elif command == "state":
        tensors = {}
        for argument in more:
            name, text = argument.split("=")
            shape = tuple(int(size) for size in text.removesuffix(":i").split("x"))
            tensors[name] = random.standard_normal(shape).astype(np.int32 if text.endswith(":i") else np.float32)
        save_file(tensors, path)
    elif command == "data":
        np.savez(path, tokens=random.integers(0, 9, (40, 6), dtype=np.int32), label=random.integers(0, 3, 40, dtype=np.int32))
    elif path.endswith(".h5"):
        with h5py.File(path) as file:
            file.visititems(lambda name, item: print(name, list(item.shape), item.dtype) if hasattr(item, "dtype") else None)
    else:
        for name, value in sorted(load_file(path).items()):
            print(name, list(value.shape), value.dtype)


main()
