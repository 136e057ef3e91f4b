"""nnc's side of peers.py: peer_nnc.py NETWORK THREADS MARCH WEIGHTS.npz. Compiles, links program and runtime into one shared
object, writes the initial weights for the others, and trains through runtime/include/nnc/runtime.h."""

import ctypes
import os
import sys
import tempfile

import numpy as np
from nnc_program import SOURCE_DIR, Program, compile_object

from contest import serve_steps
from networks import Network
from runtime_library import link_with_runtime


class Rows(ctypes.Structure):
    _fields_ = [("input", ctypes.c_char_p), ("values", ctypes.c_void_p)]


def link(network, march, directory):
    model, program = os.path.join(directory, "network.mlir"), os.path.join(directory, "program.o")
    with open(model, "w") as file:
        file.write(network.model(SOURCE_DIR))
    compile_object(model, program, batch=network.batch, march=march)
    library = os.path.join(directory, "program.so")
    link_with_runtime(library, program)
    return library


class Trainer:
    def __init__(self, network, threads, march):
        with tempfile.TemporaryDirectory() as directory:
            self.program = Program(link(network, march, directory))
        self._library, self._batch = self.program.library, ctypes.c_int64(network.batch)
        self._library.nnc_session_create.restype = ctypes.c_void_p
        self._library.nnc_last_error.restype = ctypes.c_char_p
        self._session = ctypes.c_void_p(self._library.nnc_session_create(ctypes.byref(self.program.descriptor), threads))
        self._check(self._session)
        self._check(self._library.nnc_session_init(self._session, ctypes.c_int64(1)) == 0)
        self._data = network.data()
        self._fields = (Rows * len(self._data))(*(Rows(name.encode(), value.ctypes.data)
                                                  for name, value in self._data.items()))
        self._results = (ctypes.c_double * 8)()

    def _check(self, succeeded):
        if not succeeded:
            sys.exit(self._library.nnc_last_error().decode())

    def parameters(self):
        """By name, copies."""
        values = {}
        for variable in self.program.variables:
            tensor = variable.tensor
            if variable.role == 0:
                value = np.empty(tuple(tensor.shape[: tensor.rank]), np.float32)
                self._check(self._library.nnc_session_read(self._session, tensor.name, ctypes.c_void_p(value.ctypes.data),
                                                           ctypes.c_size_t(value.nbytes)) == 0)
                values[tensor.name.decode()] = value
        return values

    def step(self):
        """One training step; its loss."""
        self._check(self._library.nnc_session_train(self._session, None, self._fields, ctypes.c_int64(len(self._data)),
                                                    self._batch, self._results) == 0)
        return self._results[0]


def main():
    trainer = Trainer(Network(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
    np.savez(sys.argv[4], **trainer.parameters())

    serve_steps(trainer.step)


main()
