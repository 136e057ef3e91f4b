"""A worker of check.py that lists what nnc's training step runs on the GPU, by the device's own timer: PyTorch's profiler,
which sees every kernel and copy of its process, around steps through the C API."""

import os

import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from networks import Network
from runtime_session import Batch, Session, open_runtime
from worker import serve

WARM_UP = 3


def kernels(network, program, steps):
    """Microseconds and number of runs a step, by kernel."""
    runtime = open_runtime(os.environ["NNC_RUNTIME"])
    torch.zeros(1, device="cuda")
    batch = Batch(Network(network).data())
    with Session.open(runtime, program, 0) as session:
        session.init(1)
        for _ in range(WARM_UP):
            session.train(batch)
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            for _ in range(steps):
                session.train(batch)
            torch.cuda.synchronize()
    found = [{"name": event.key, "runs": event.count / steps, "microseconds": event.self_device_time_total / steps}
             for event in seen.key_averages() if event.device_type == DeviceType.CUDA]
    if not found:
        raise RuntimeError("the profiler saw nothing run on the GPU")
    return {"kernels": sorted(found, key=lambda kernel: -kernel["microseconds"])}


if __name__ == "__main__":
    serve({"kernels": kernels})
