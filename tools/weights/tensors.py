"""Safetensors files, nnc's checkpoints and others', read and written; every file is written whole or not at all."""

import contextlib
import os

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from weights.errors import WeightsError

FLOATS = ("F16", "F32", "F64")


@contextlib.contextmanager
def replaced(path):
    """A temporary file beside `path`, which it replaces at the end."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise WeightsError(f"{path}: its directory does not exist")
    if os.path.isdir(path):
        raise WeightsError(f"{path}: is a directory")
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def to_float(path, name, value, dtype=None):
    """An array of a type, f64 or f32 by default, whichever holds what there is."""
    with np.errstate(over="ignore"):
        value = np.ascontiguousarray(value, dtype or (np.float64 if value.dtype.itemsize >= 8 else np.float32))
    if not np.isfinite(value).all():
        raise WeightsError(f"{path}: '{name}' holds values that are not finite in {8 * value.itemsize} bits")
    return value


class TensorFile:
    """A safetensors file, open for reading."""

    def __init__(self, path):
        self.path = path
        try:
            self._file = safe_open(path, framework="numpy")
            self.names = list(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{path}: is no readable safetensors file: {error}") from None

    @property
    def metadata(self):
        return self._file.metadata() or {}

    def read(self, name):
        dtype = self._file.get_slice(name).get_dtype()
        if dtype not in FLOATS:
            raise WeightsError(f"{self.path}: '{name}' is of type {dtype}; weights are read as {', '.join(FLOATS)}")
        return to_float(self.path, name, self._file.get_tensor(name))


def read_parameters(path, layers):
    """A checkpoint's parameters of each layer, by the layer's path."""
    file = TensorFile(path)
    names, values = set(file.names), {}
    for layer in layers:
        values[layer.path] = {}
        for parameter, shape in layer.shapes.items():
            name = f"{layer.path}.{parameter}"
            if name not in names:
                raise WeightsError(f"{path}: a checkpoint of another model: it has no '{name}'")
            value = file.read(name)
            if value.shape != shape:
                raise WeightsError(f"{path}: a checkpoint of another model: '{name}' is {list(value.shape)} there and "
                                   f"{list(shape)} in this one")
            values[layer.path][parameter] = value
    return values


def write_tensors(path, tensors, metadata=None):
    with replaced(path) as temporary:
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary, metadata)
