"""Runs GPU kernels, given as the ops of a gpu.module, on nnc's emulator.

    kernels = Kernels(text, [Launch("add", blocks=2, threads=64, arguments=["x", "y", 64])], x=array, y=array)
    arrays = kernels.run()                  # {"x": ..., "y": ...}, as the kernels left them
    message = kernels.failure()             # what the process said that ended with an error

Arrays lie in the arena in their order; as an argument a name stands for the array's place there. `races` asks for the
detector, `workers` and `reverse` say how blocks are run.
"""

import os
from dataclasses import dataclass, field

import numpy as np

import nnc_program

MODULE = """
module attributes {{gpu.container_module, nn.phase = "planned", nn.program = {{
    arena_bytes = {bytes} : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {{}}}}}} {{
gpu.module @kernels {{
{kernels}
}}
func.func @m.predict(%arena: memref<?xi8>) attributes {{nn.entry = "predict", nn.symbol = "m", nn.batch = 1 : i64,
    nn.inputs = [], nn.outputs = [], nn.plan = {{buffers = [], ops = 0 : i64}}}} {{
  %one = arith.constant 1 : index
{launches}
  return
}}
}}
"""


@dataclass
class Launch:
    kernel: str
    blocks: int
    threads: int
    shared_bytes: int = 0
    arguments: list = field(default_factory=list)

    def text(self, number, places):
        values = [places.get(argument, argument) for argument in self.arguments]
        lines = [f"%blocks{number} = arith.constant {self.blocks} : index",
                 f"%threads{number} = arith.constant {self.threads} : index",
                 f"%shared{number} = arith.constant {self.shared_bytes} : i32"]
        lines += [f"%a{number}_{i} = arith.constant {value} : index" for i, value in enumerate(values)]
        arguments = "".join(f", %a{number}_{i} : index" for i in range(len(values)))
        lines += [f"gpu.launch_func @kernels::@{self.kernel} blocks in (%blocks{number}, %one, %one)",
                  f"    threads in (%threads{number}, %one, %one) dynamic_shared_memory_size %shared{number}",
                  f"    args(%arena : memref<?xi8>{arguments})"]
        return "\n".join("  " + line for line in lines)


class Kernels:
    def __init__(self, text, launches, *, races=False, **arrays):
        self.arrays, self.places, size = arrays, {}, 0
        for name, array in arrays.items():
            self.places[name] = size
            size += -(-array.nbytes // nnc_program.ALIGNMENT) * nnc_program.ALIGNMENT
        text = MODULE.format(bytes=size, kernels=text, launches="\n".join(
            launch.text(number, self.places) for number, launch in enumerate(launches)))
        self.program = nnc_program.compile_model(text, target="cuda-races" if races else "cuda-emulator")

    def run(self, workers=1, reverse=False):
        instance = self.program.instance(workers=workers, reverse=reverse)
        views = {}
        for name, array in self.arrays.items():
            place = self.places[name]
            views[name] = instance.arena[place : place + array.nbytes].view(array.dtype).reshape(array.shape)
            views[name][...] = array
        instance.run("m.predict")
        return {name: view.copy() for name, view in views.items()}

    def failure(self, **how):
        """The kernels run in another process, which must end with an error; its message."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.dup2(writer, 2)
            self.run(**how)
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as output:
            message = output.read()
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status != 1:
            raise AssertionError(f"the process ended with {status}, not with an error: {message}")
        return message.strip()


def random(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
