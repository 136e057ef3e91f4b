"""Keras' .weights.h5 files (Keras 3). A layer's variables are the datasets `vars/0`, `vars/1` ... of its group, those of a
recurrent layer's cell of `cell/vars`, of both directions of `forward_layer/cell/vars` and `backward_layer/cell/vars`. In a
Sequential or Functional model the groups are `layers/CLASS`, `layers/CLASS_1` ...: the class in small letters, counted in the
order of the layers. The attribute `name` of a group's `vars` is the layer's own name."""

import re

import h5py

from weights.errors import WeightsError
from weights.matching import Group
from weights.tensors import FLOATS, check_source, replaced, to_float

DATASET = re.compile(r"^(.*?)/((?:(?:forward|backward)_layer/)?(?:cell/)?vars/\d+)$")
NO_LAYERS = ("optimizer/", "metrics/")


def wanted(layer):
    datasets = layer.conversion.keras_datasets(list(layer.shapes))
    return dict(sorted((path, layer.shapes[name]) for path, name in datasets.items()))


def read_groups(path):
    datasets = {}

    def visit(name, item):
        if not isinstance(item, h5py.Dataset) or name.startswith(NO_LAYERS):
            return
        if item.is_virtual or item.external:
            raise WeightsError(f"{path}: '{name}' lies in another file")
        if item.dtype.kind != "f":
            kind = item.attrs.get("dtype", item.dtype)  # so Keras says what HDF5 has no type for
            raise WeightsError(f"{path}: '{name}' is of type {kind}; weights are read as {', '.join(FLOATS)}")
        if item.shape is None:
            raise WeightsError(f"{path}: '{name}' has no values")
        datasets[name] = to_float(path, name, item[()])

    check_source(path)
    groups = {}
    try:
        with h5py.File(path, "r") as file:
            file.visititems(visit)
            for name, value in datasets.items():
                found = DATASET.match(name)
                root, rest = found.groups() if found else name.rsplit("/", 1) if "/" in name else ("", name)
                if root not in groups:
                    label = file[f"{root}/vars"].attrs.get("name") if f"{root}/vars" in file else None
                    groups[root] = Group(root, label if isinstance(label, str) else None)
                groups[root].tensors[rest] = value
    except (OSError, RuntimeError, KeyError, UnicodeError, MemoryError) as error:
        raise WeightsError(f"{path}: is no readable .weights.h5 file: {error}") from None
    return list(groups.values())


def from_tensors(layer, tensors):
    datasets = layer.conversion.keras_datasets(list(layer.shapes))
    return {name: tensors[path] for path, name in datasets.items()}


def write(path, layers, values, names):
    """`names`: the groups of layers that --map names, by path."""
    if not path.endswith(".weights.h5"):
        raise WeightsError(f"{path}: Keras loads files that end in .weights.h5")
    unnamed = [layer for layer in layers if layer.path not in names]
    if len({layer.path.rsplit(".", 1)[0] for layer in unnamed}) > 1:
        raise WeightsError("the layers belong to several models, and their groups in Keras' file follow from how it nests "
                           "these; --map layers/GROUP=LAYER names each: " + ", ".join(layer.path for layer in unnamed))
    counts, groups = {}, {}
    for layer in layers:
        group = layer.conversion.keras_class(list(layer.shapes))
        count = counts[group] = counts.get(group, -1) + 1
        groups[layer.path] = names.get(layer.path, f"layers/{group}_{count}" if count else f"layers/{group}")
    datasets = {}
    for layer in layers:
        group = groups[layer.path]
        for place, name in layer.conversion.keras_datasets(list(layer.shapes)).items():
            full = f"{group}/{place}"
            if not all(group.split("/")) or DATASET.match(full).groups() != (group, place):
                raise WeightsError(f"--map {group}={layer.path}: '{group}' is no name of a layer's group")
            if full in datasets:
                raise WeightsError(f"--map {group}={layer.path}: another layer is '{group}' already")
            datasets[full] = values[layer.path][name]
    with replaced(path) as temporary, h5py.File(temporary, "w") as file:
        for full, value in datasets.items():
            file[full] = value
    return groups
