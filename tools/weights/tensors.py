"""Safetensors files, nnc's checkpoints and others', read and written; every file is written whole or not at all."""

import contextlib
import os
import stat

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from weights.errors import WeightsError

FLOATS = ("F16", "F32", "F64")


def check_source(path):
    """Refuses what is no file to read in the system's own words; those of the libraries are long."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise WeightsError(f"{path}: not a file")
        with open(path, "rb"):
            pass
    except OSError as error:
        raise WeightsError(f"{path}: cannot open: {error.strerror}") from None


def check_output(path, sources):
    """Refuses to replace what is no ordinary file, or one of `sources`: paths, or None, by what they are."""
    if not os.path.isdir(os.path.dirname(os.path.abspath(path))):
        raise WeightsError(f"{path}: its directory does not exist")
    if os.path.isdir(path):
        raise WeightsError(f"{path}: is a directory; --output takes a file")
    if not path or os.path.exists(path) and not os.path.isfile(path):
        raise WeightsError(f"{path or repr(path)}: is no ordinary file, which --output takes")
    for what, source in sources.items():
        if source and os.path.exists(path) and os.path.exists(source) and os.path.samefile(path, source):
            raise WeightsError(f"--output {path}: is also {what}, and would replace it")


@contextlib.contextmanager
def replaced(path):
    """A temporary file beside `path`, which it replaces at the end, with the permissions that any new file gets."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except (OSError, RuntimeError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot write: {error}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def to_float(path, name, value, dtype=None):
    """An array of a type, by default f64 or f32, whichever holds what there is."""
    with np.errstate(over="ignore"):
        value = np.ascontiguousarray(value, dtype or (np.float64 if value.dtype.itemsize >= 8 else np.float32))
    if not np.isfinite(value).all():
        raise WeightsError(f"{path}: '{name}' holds values that are not finite in {8 * value.itemsize} bits")
    return value


class TensorFile:
    """A safetensors file, open for reading."""

    def __init__(self, path):
        self.path = path
        check_source(path)
        try:
            self._file = safe_open(path, framework="numpy")
            self.names = list(self._file.keys())
        except (SafetensorError, OSError) as error:
            raise WeightsError(f"{path}: is no readable safetensors file: {error}") from None

    @property
    def metadata(self):
        return self._file.metadata() or {}

    def type_of(self, name):
        return self._file.get_slice(name).get_dtype()

    def read(self, name):
        dtype = self.type_of(name)
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
    check_all_taken(file, {f"{layer.path}.{parameter}" for layer in layers for parameter in layer.shapes})
    return values


def check_all_taken(checkpoint, parameters):
    """Refuses a parameter that the network has not: what is neither one of `parameters`, nor an optimiser's slot of one
    (`NAME.m`), nor one of another epoch (`best:NAME`, `last:NAME`), nor a counter."""
    for name in checkpoint.names:
        parts = name.removeprefix("best:").removeprefix("last:").split(".")
        owned = any(".".join(parts[:count]) in parameters for count in range(1, len(parts) + 1))
        if not owned and checkpoint.type_of(name) != "I64":
            raise WeightsError(f"{checkpoint.path}: a checkpoint of another model: it holds '{name}', which this one has not")


def write_tensors(path, tensors, metadata=None):
    with replaced(path) as temporary:
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, temporary, metadata)
