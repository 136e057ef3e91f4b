"""Files of weights for convert-weights.test, made without Keras or PyTorch: weights_files.py COMMAND ARGUMENTS.

    random CHECKPOINT                replaces every parameter by random numbers
    equal CHECKPOINT OTHER           whether the parameters have the same bits
    state FILE NAME=SHAPE ...        a state_dict, NAME=2x3; NAME=2x3:i for integers
    add FILE OTHER NAME=SHAPE ...    what FILE holds and more, as OTHER
    keras FILE GROUP=SHAPES ...      a Keras file, GROUP=4x4,4; LABEL:GROUP=4x4,4 where the layer's own name is LABEL;
                                     GROUP= for a variable that has no values, GROUP=! for one larger than any memory
    data FILE                        tokens and labels for layers.mlir
    show FILE                        names, shapes and types in an .h5 or safetensors file
"""

import sys

import h5py
import numpy as np
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

random = np.random.default_rng(5)


def sizes(text):
    return tuple(int(size) for size in text.split("x"))


def draw(arguments):
    tensors = {}
    for argument in arguments:
        name, text = argument.split("=")
        shape = sizes(text.removesuffix(":i"))
        tensors[name] = random.standard_normal(shape).astype(np.int32 if text.endswith(":i") else np.float32)
    return tensors


def write_keras(path, arguments):
    with h5py.File(path, "w") as file:
        for argument in arguments:
            name, shapes = argument.split("=")
            label, colon, group = name.rpartition(":")
            variables = file.create_group(f"{group}/vars")
            if colon:
                variables.attrs["name"] = label
            if not shapes:
                variables["0"] = h5py.Empty("f4")
            elif shapes == "!":
                variables.create_dataset("0", (2**40, 2**20), "f4", chunks=(1, 1))
            else:
                for number, shape in enumerate(shapes.split(",")):
                    variables[str(number)] = random.standard_normal(sizes(shape)).astype(np.float32)


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
        save_file(draw(more), path)
    elif command == "add":
        save_file(load_file(path) | draw(more[1:]), more[0])
    elif command == "keras":
        write_keras(path, more)
    elif command == "data":
        np.savez(path, tokens=random.integers(0, 9, (40, 6), dtype=np.int32), label=random.integers(0, 3, 40, dtype=np.int32))
    elif path.endswith(".h5"):
        with h5py.File(path) as file:
            file.visititems(lambda name, item: print(name, list(item.shape), item.dtype) if hasattr(item, "dtype") else None)
    else:
        for name, value in sorted(load_file(path).items()):
            print(name, list(value.shape), value.dtype)


main()
