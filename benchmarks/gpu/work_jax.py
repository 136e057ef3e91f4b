"""JAX's worker of check.py: networks.py's training steps, each one jitted function with its state donated, on JAX's first
device. The batch comes from host memory in each step. Products are in full f32 unless TF32 is asked for."""

import jax

from contest import time_calls
from networks import Network
from peer_jax import start
from worker import serve

trainings = {}


class Training:
    def __init__(self, network, weights, tf32):
        self._step, self._state = start(network, weights)
        self._batch, self._precision = network.data(), "tensorfloat32" if tf32 else "highest"

    def step(self):
        with jax.default_matmul_precision(self._precision):
            self._state, loss = self._step(self._state, self._batch)
        return loss


def prepare(network, weights, tf32=False):
    """The losses of the first three steps."""
    training = trainings[network, tf32] = Training(Network(network), weights, tf32)
    return {"losses": [float(training.step()) for _ in range(3)], "jax": jax.__version__, "device": str(jax.devices()[0])}


def measure(network, seconds, read, tf32=False):
    """Seconds a step; its loss read each step, or only waited for once at the end of the turn."""
    training = trainings[network, tf32]

    def repeat(count):
        for _ in range(count):
            loss = training.step()
            if read:
                float(loss)
        loss.block_until_ready()

    return {"seconds": time_calls(repeat, seconds)}


def drop(network, tf32=False):
    trainings.pop((network, tf32), None)
    return {}


if __name__ == "__main__":
    serve({"prepare": prepare, "time": measure, "drop": drop})
