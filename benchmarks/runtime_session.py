"""A compiled program through the runtime's C API (runtime/include/nnc/runtime.h), from Python."""

import ctypes

import numpy as np
from nnc_program import DATA, DTYPES, PARAMETER, SLOT, TRAIN, Descriptor

MOST_RESULTS = 16  # loss and metrics of a step


class RuntimeFailure(Exception):
    """What nnc_last_error says."""


class _Rows(ctypes.Structure):
    _fields_ = [("input", ctypes.c_char_p), ("values", ctypes.c_void_p)]


class Batch:
    """Samples of every input, where the runtime can read them."""

    def __init__(self, values):
        self._values = {name: np.ascontiguousarray(value) for name, value in values.items()}
        self.rows = ctypes.c_int64(len(next(iter(self._values.values()))))
        self.count = ctypes.c_int64(len(values))
        self.fields = (_Rows * len(values))(*(_Rows(name.encode(), value.ctypes.data)
                                              for name, value in self._values.items()))


def open_runtime(path):
    """The runtime's shared library. Programs that are opened later find what they call by its names."""
    library = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL)
    library.nnc_session_create.restype = library.nnc_session_open.restype = ctypes.c_void_p
    library.nnc_session_program.restype = ctypes.POINTER(Descriptor)
    library.nnc_last_error.restype = library.nnc_session_library.restype = ctypes.c_char_p
    return library


class Session:
    """Of a descriptor that is linked in, or of a shared object (open). Close it to free its memory."""

    def __init__(self, library, descriptor, threads):
        self._library = library
        self._begin(library.nnc_session_create(ctypes.byref(descriptor), threads))

    @classmethod
    def open(cls, library, path, threads):
        session = cls.__new__(cls)
        session._library = library
        session._begin(library.nnc_session_open(path.encode(), threads))
        return session

    def _begin(self, pointer):
        if not pointer:
            self._handle = None
            self._check(1)
        self._handle = ctypes.c_void_p(pointer)
        self.descriptor = self._library.nnc_session_program(self._handle).contents
        self._results = (ctypes.c_double * MOST_RESULTS)()

    def _check(self, status):
        if status != 0:
            raise RuntimeFailure(self._library.nnc_last_error().decode(errors="replace"))

    def close(self):
        if self._handle:
            self._library.nnc_session_destroy(self._handle)
            self._handle = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def library_note(self):
        """What becomes of products for cuBLASLt; empty where there are none."""
        return self._library.nnc_session_library(self._handle).decode(errors="replace")

    def init(self, seed):
        self._check(self._library.nnc_session_init(self._handle, ctypes.c_int64(seed)))

    def train(self, batch):
        """One training step; its loss."""
        self._check(self._library.nnc_session_train(self._handle, None, batch.fields, batch.count, batch.rows,
                                                    self._results))
        return self._results[0]

    def evaluate(self, batch):
        """The loss."""
        self._check(self._library.nnc_session_evaluate(self._handle, None, batch.fields, batch.count, batch.rows,
                                                       self._results))
        return self._results[0]

    def save(self, path):
        self._check(self._library.nnc_session_save(self._handle, path.encode()))

    def load(self, path):
        self._check(self._library.nnc_session_load(self._handle, path.encode()))

    def training_inputs(self):
        """The data of the program's first training step: nnc_program.Input by name."""
        entries = self.descriptor.entries[: self.descriptor.entry_count]
        entry = next(entry for entry in entries if entry.kind == TRAIN)
        return {value.tensor.name.decode(): value for value in entry.inputs[: entry.input_count] if value.role == DATA}

    def read(self, role):
        """Copies of all variables of a role, by name."""
        values = {}
        for variable in self.descriptor.variables[: self.descriptor.variable_count]:
            if variable.role == role:
                tensor = variable.tensor
                value = np.empty(tuple(tensor.shape[: tensor.rank]), DTYPES[tensor.dtype])
                self._check(self._library.nnc_session_read(self._handle, tensor.name, ctypes.c_void_p(value.ctypes.data),
                                                           ctypes.c_size_t(value.nbytes)))
                values[tensor.name.decode()] = value
        return values

    def parameters(self):
        return self.read(PARAMETER)

    def slots(self):
        return self.read(SLOT)
