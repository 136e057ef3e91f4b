"""nnc's side of peers.py: peer_nnc.py NETWORK THREADS MARCH WEIGHTS.npz. Compiles, links program and runtime into one shared
object, writes the initial weights for the others, and trains through runtime/include/nnc/runtime.h."""

import os
import sys
import tempfile

import numpy as np
from nnc_program import SOURCE_DIR, Program, compile_object

from contest import serve_steps
from networks import Network
from runtime_library import link_with_runtime
from runtime_session import Batch, Session, open_runtime


def link(network, march, directory):
    model, program = os.path.join(directory, "network.mlir"), os.path.join(directory, "program.o")
    with open(model, "w") as file:
        file.write(network.model(SOURCE_DIR))
    compile_object(model, program, batch=network.batch, march=march)
    library = os.path.join(directory, "program.so")
    link_with_runtime(library, program)
    return library


def main():
    network = Network(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        library = link(network, sys.argv[3], directory)
        session = Session(open_runtime(library), Program(library).descriptor, int(sys.argv[2]))
    session.init(1)
    np.savez(sys.argv[4], **session.parameters())
    batch = Batch(network.data())
    serve_steps(lambda: session.train(batch))


main()
