"""PyTorch's worker of check.py: networks.py's training steps on the GPU, or on the CPU where there is none. A step copies its
batch from page-locked host memory. Modes: eager (cuDNN's LSTM), compiled (torch.compile with reduce-overhead, which has CUDA
graphs), graph (the whole step, optimiser included, captured by hand as one CUDA graph). TF32 is off unless asked for."""

import time

import torch
import torch._dynamo

from contest import time_calls
from networks import Network
from peer_torch import batch_of, load_weights, loss_of, make_model
from worker import serve

# Each network is compiled for its own sizes, and kept beside the others.
torch._dynamo.config.recompile_limit = 256
cuda = torch.cuda.is_available()
device = torch.device("cuda" if cuda else "cpu")
trainings = {}


def synchronize():
    if cuda:
        torch.cuda.synchronize()


def allow_tf32(allowed):
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


class Training:
    def __init__(self, network, weights, compiled):
        self._weights = weights
        self.model = make_model(network).to(device)
        load_weights(self.model, weights)
        self._host = [value.pin_memory() if cuda else value for value in batch_of(network)]
        options = {"fused": True, "capturable": True} if cuda else {}
        self.optimizer = torch.optim.Adam((p for p in self.model.parameters() if p.requires_grad), lr=1e-3, eps=1e-7,
                                          **options)
        self._compiled = compiled
        mode = "reduce-overhead" if cuda else "default"
        self._loss_of = torch.compile(loss_of, mode=mode, dynamic=False) if compiled else loss_of

    def batch(self):
        return [value.to(device, non_blocking=True) for value in self._host]

    def copy_batch(self, targets):
        for target, value in zip(targets, self._host):
            target.copy_(value, non_blocking=True)

    def backward(self, x, label):
        loss = self._loss_of(self.model, x, label)
        loss.backward()
        self.optimizer.step()
        return loss

    def step(self):
        if self._compiled and cuda:
            torch.compiler.cudagraph_mark_step_begin()
        self.optimizer.zero_grad(set_to_none=True)
        return self.backward(*self.batch())

    def restart(self):
        """Weights and optimiser as at first, in place."""
        load_weights(self.model, self._weights)
        for state in self.optimizer.state.values():
            for value in state.values():
                value.zero_()


class Captured(Training):
    """Its step is one launch of a graph; the batch is copied to where the graph reads it."""

    def __init__(self, network, weights):
        super().__init__(network, weights, compiled=False)
        self._static = self.batch()
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                super().step()
        torch.cuda.current_stream().wait_stream(side)
        self.optimizer.zero_grad(set_to_none=True)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._loss = self.backward(*self._static)
        self.restart()

    def step(self):
        self.copy_batch(self._static)
        self._graph.replay()
        return self._loss


def prepare(network, mode, weights, tf32=False):
    """The losses of the first three steps."""
    allow_tf32(tf32)
    if mode == "graph" and not cuda:
        raise RuntimeError("there is no GPU, and so no CUDA graph")
    training = Captured(Network(network), weights) if mode == "graph" else Training(Network(network), weights,
                                                                                     mode == "compiled")
    trainings[network, mode, tf32] = training
    return {"losses": [training.step().item() for _ in range(3)]}


def measure(network, mode, seconds, read, tf32=False):
    """Seconds a step; its loss read each step, or only waited for once at the end of the turn."""
    allow_tf32(tf32)
    training = trainings[network, mode, tf32]

    def repeat(count):
        for _ in range(count):
            loss = training.step()
            if read:
                loss.item()
        synchronize()

    return {"seconds": time_calls(repeat, seconds)}


def drop(network, mode, tf32=False):
    trainings.pop((network, mode, tf32), None)
    if cuda:
        torch.cuda.empty_cache()
    return {}


def seconds_of(action, count):
    """The least of three measurements, after one to warm up."""
    least = float("inf")
    for _ in range(4):
        synchronize()
        start = time.perf_counter()
        for _ in range(count):
            action()
        synchronize()
        least = min(least, (time.perf_counter() - start) / count)
    return least


def machine():
    """What the device does at most: bytes a second read and written by a copy within its memory, f32 operations a second of
    a large product without TF32."""
    allow_tf32(False)
    elements, size = (1 << 28, 8192) if cuda else (1 << 22, 1024)
    source = torch.empty(elements, device=device)
    target = torch.empty_like(source)
    copied = 2 * 4 * elements / seconds_of(lambda: target.copy_(source), 10)
    del source, target
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    flops = 2 * size**3 / seconds_of(lambda: torch.mm(a, b), 5)
    return {"bytes_per_second": copied, "flops": flops, "torch": torch.__version__, "cudnn": torch.backends.cudnn.version(),
            "device": torch.cuda.get_device_name() if cuda else "cpu"}


if __name__ == "__main__":
    serve({"prepare": prepare, "time": measure, "drop": drop, "machine": machine})
