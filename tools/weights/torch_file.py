"""PyTorch's state_dict in a safetensors file: `MODULE.weight` and `MODULE.bias`, of recurrent modules `MODULE.weight_ih_l0`,
`MODULE.weight_hh_l0`, `MODULE.bias_ih_l0`, `MODULE.bias_hh_l0`, with `_reverse` for the second direction. A module of several
layers is several of nnc's: `MODULE.l0`, `MODULE.l1` ... The order in such a file is that of the names."""

import re

import numpy as np

from weights.errors import WeightsError
from weights.matching import Group
from weights.tensors import TensorFile, write_tensors

TENSOR = re.compile(r"^(?:(.*)\.)?([^.]+?)(?:_l(\d+)(_reverse)?)?$")
NUMBERED = re.compile(r"^(.*)\.l(\d+)$")


def wanted(layer):
    # Zeros of each shape, converted as the weights will be, say names and shapes.
    zeros = {name: np.broadcast_to(np.float32(0), shape) for name, shape in layer.shapes.items()}
    return {name: tuple(value.shape) for name, value in sorted(to_tensors(layer, zeros).items())}


def read_groups(path):
    file, groups, counts = TensorFile(path), {}, {}
    parts = {name: TENSOR.match(name) for name in file.names}
    for name, found in parts.items():
        if not found:
            raise WeightsError(f"{path}: '{name}' is no name of a module's tensor")
        module, number = found.group(1) or "", found.group(3)
        counts[module] = max(counts.get(module, 0), int(number or 0))
    for name, found in parts.items():
        module, tensor, number, reverse = found.groups()
        module = module or ""
        key = f"{module}.l{number}" if number and counts[module] else module
        group = groups.setdefault(key, Group(key))
        group.tensors[tensor + (reverse or "")] = file.read(name)
    return list(groups.values())


def to_tensors(layer, values):
    try:
        return layer.conversion.to_torch(values)
    except WeightsError as error:
        raise WeightsError(f"{layer.path}: {error}") from None


def from_tensors(layer, tensors):
    return layer.conversion.from_torch(tensors)


def write(path, layers, values, names):
    """`names`: the modules of layers that --map names, by path."""
    one_model = len({layer.path.rsplit(".", 1)[0] for layer in layers}) == 1
    groups, tensors = {}, {}
    for layer in layers:
        group = groups[layer.path] = names.get(layer.path, layer.name if one_model else layer.path)
        for name, value in to_tensors(layer, values[layer.path]).items():
            module = group
            if name.split("_")[1:2] in (["ih"], ["hh"]):
                found = NUMBERED.match(group)
                module, number = found.groups() if found else (group, "0")
                kind, reverse = name.removesuffix("_reverse"), "_reverse" if name.endswith("_reverse") else ""
                name = f"{kind}_l{number}{reverse}"
            full = f"{module}.{name}" if module else name
            if full in tensors:
                raise WeightsError(f"--map {group}={layer.path}: another layer is '{full}' already")
            tensors[full] = value
    write_tensors(path, tensors)
    return groups
