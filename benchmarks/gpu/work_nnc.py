"""nnc's worker of check.py: trains, saves and times compiled programs, a device's as the host's, through the C API. Its
environment: NNC_RUNTIME names the runtime's shared library."""

import hashlib
import os
import time

import numpy as np

from contest import time_calls
from networks import Network
from runtime_session import Batch, Session, open_runtime
from worker import serve

runtime = open_runtime(os.environ["NNC_RUNTIME"])
timed = {}  # sessions, by program


class Batches:
    """The batches of a data file, one after the other and then again from the start."""

    def __init__(self, data, size):
        with np.load(data) as arrays:
            values = {name: arrays[name] for name in arrays}
        count = len(next(iter(values.values()))) // size
        self._batches = [Batch({name: value[i * size : (i + 1) * size] for name, value in values.items()})
                         for i in range(count)]

    def __getitem__(self, step):
        return self._batches[step % len(self._batches)]


def digest(values):
    """Of every bit of named arrays."""
    state = hashlib.sha256()
    for name, value in sorted(values.items()):
        state.update(name.encode() + value.tobytes())
    return state.hexdigest()


def started(program, threads):
    session = Session.open(runtime, program, threads)
    session.init(1)
    return session


def train(program, threads, data, rows, steps, seconds=None, first=None):
    """Losses of `steps` steps from seed 1, or as many as begin within `seconds`; digests of parameters and of the
    optimiser's slots after them. `first`: a file for what the first step left in the slots, or in the parameters where the
    optimiser has none."""
    batches, losses = Batches(data, rows), []
    with started(program, threads) as session:
        begin = time.monotonic()
        for step in range(steps):
            losses.append(session.train(batches[step]))
            if step == 0 and first:
                np.savez(first, **(session.slots() or session.parameters()))
            if seconds and time.monotonic() - begin > seconds:
                break
        taken = time.monotonic() - begin
        return {"losses": losses, "seconds": taken, "parameters": digest(session.parameters()),
                "slots": digest(session.slots()), "library": session.library_note()}


def save(program, threads, data, rows, steps, checkpoint):
    """Trains and saves; the loss that evaluation then gives."""
    batches = Batches(data, rows)
    with started(program, threads) as session:
        for step in range(steps):
            session.train(batches[step])
        session.save(checkpoint)
        return {"loss": session.evaluate(batches[steps])}


def load(program, threads, data, rows, steps, checkpoint):
    """The loss that evaluation gives on the same batch after loading what `save` wrote."""
    with Session.open(runtime, program, threads) as session:
        session.load(checkpoint)
        return {"loss": session.evaluate(Batches(data, rows)[steps])}


def weights(program, threads, path):
    """Writes the initial parameters to a file."""
    with started(program, threads) as session:
        np.savez(path, **session.parameters())
        return {}


def prepare(network, program, threads):
    """Begins to train a network for `time`; the losses of the first three steps."""
    session, batch = started(program, threads), Batch(Network(network).data())
    timed[program] = session, batch
    return {"losses": [session.train(batch) for _ in range(3)]}


def measure(network, seconds, read, program, threads):
    """Seconds a step. Each step hands its data over and has its loss read."""
    session, batch = timed[program]

    def repeat(count):
        for _ in range(count):
            session.train(batch)

    return {"seconds": time_calls(repeat, seconds)}


def drop(network, program, threads):
    timed.pop(program)[0].close()
    return {}


if __name__ == "__main__":
    serve({"train": train, "save": save, "load": load, "weights": weights, "prepare": prepare, "time": measure, "drop": drop})
