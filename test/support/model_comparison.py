"""A random model beside JAX: the first result, the loss, the gradients, and the parameters after three updates.

On the reference target, which computes in f64, each tensor agrees to 1e-10 of its largest element; on the CPU the error,
against JAX in f64, is at most four times that of JAX in f32, and 8 ulp of the largest element besides.

    compare(plan, target)   # a Comparison
    Worker(target)          # the same in a process of its own, which a program that crashes or hangs ends

As a program it is that process: plans come in by standard input, comparisons go out, pickled, a line each."""

import base64
import dataclasses
import functools
import os
import pickle
import select
import signal
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

import nnc_program
from philox import Random
from random_models import RandomNetwork

UPDATES = 3
# Seconds for one model, before its process is taken for one that hangs.
PATIENCE = 300


@dataclasses.dataclass
class Comparison:
    """What is wrong, a line each; `kind` tells failures of one sort from others, "" where nothing is wrong."""

    failures: list
    kind: str = ""
    tensors: int = 0


def train_in_jax(network, parameters, data, dtype):
    """The first result, the loss, its gradients and the parameters after the updates, in `dtype`."""
    cast = lambda value: jnp.asarray(value, dtype if value.dtype != np.int32 else np.int32)  # noqa: E731
    parameters = {name: cast(value) for name, value in parameters.items()}
    data = {name: cast(value) for name, value in data.items()}
    floats = {name: value for name, value in data.items() if value.dtype != np.int32}
    start, update, clip = network.optimizer
    train = jax.grad(lambda p, step: network.loss(p, data, Random(0, step))[0])

    def advance(state, step):
        parameters, slots = state
        gradients = clip(train(parameters, step))
        both = {name: update(parameters[name], gradients[name], slots[name], jnp.asarray(step + 1, dtype))
                for name in parameters}
        return ({name: pair[0] for name, pair in both.items()}, {name: tuple(pair[1]) for name, pair in both.items()}), 0

    @jax.jit
    def everything(parameters, floats):
        (loss, result), gradients = jax.value_and_grad(lambda p, f: network.loss(p, data | f), (0, 1), has_aux=True)(
            parameters, floats)
        slots = {name: tuple(jnp.full_like(value, one) for one in start) for name, value in parameters.items()}
        (updated, _), _ = jax.lax.scan(advance, (parameters, slots), jnp.arange(UPDATES))
        return loss, result, gradients, updated

    loss, result, (gradients, of_inputs), updated = everything(parameters, floats)
    results = {"loss": loss, "y": result} | {f"d/d{name}": value for name, value in (gradients | of_inputs).items()}
    results |= {f"updated {name}": value for name, value in updated.items()}
    return {name: np.asarray(value, np.float64) for name, value in results.items()}


def train_compiled(network, program, parameters):
    instance = program.instance(workers=2, fill=0x7F)
    instance.run("init", seed=1)
    for name, value in parameters.items():
        instance.parameters[name][...] = value
    inputs = {value.name[1:]: network.data[operand] for value, operand in zip(network.models[0].inputs, network.calls[0][1])}
    prediction = instance.run("first.predict", **inputs)["prediction"][: network.plan.valid]
    gradients = instance.run("fit.gradient", **network.data, valid=network.plan.valid)
    for _ in range(UPDATES):
        instance.run("fit.train", **network.data, valid=network.plan.valid)
    results = {"loss": np.asarray(gradients.pop("loss")), "y": prediction}
    results |= {f"d/d{name}": value for name, value in gradients.items()}
    return results | {f"updated {name}": value.copy() for name, value in instance.parameters.items()}


def compare(plan, target):
    network = RandomNetwork(plan)
    # In f64 throughout on the reference: constants of an f32 program are f32 there too.
    text = network.text("f64" if target == "reference" else "f32")
    try:
        program = nnc_program.compile_model(text, batch=plan.batch, entries="init,predict,gradient,train", target=target)
    except nnc_program.CompileError as error:
        return Comparison([f"does not compile: {error}"], "does not compile")
    random = np.random.default_rng(plan.seed)
    names = {name: view.shape for name, view in program.instance().parameters.items()}
    parameters = {name: (0.7 * random.standard_normal(shape)).astype(np.float32) for name, shape in names.items()}
    data = {name: value[: plan.valid] for name, value in network.data.items()}
    got = train_compiled(network, program, parameters)
    exact = train_in_jax(network, parameters, data, np.float64)
    rounded = None if target == "reference" else train_in_jax(network, parameters, data, np.float32)
    jax.clear_caches()
    comparison = Comparison([])
    if missing := set(exact) - set(got):
        comparison.failures.append(f"has no {', '.join(sorted(missing))}")
    for name in sorted(set(exact) & set(got)):
        value = got[name]
        comparison.tensors += 1
        if value.shape != exact[name].shape:  # An input: of padding there is no gradient.
            if np.any(value[plan.valid:]):
                comparison.failures.append(f"{name} is not zero for padding")
            value = value[: plan.valid]
        largest = np.max(np.abs(exact[name]), initial=0.0)
        allowed, in_f32 = 1e-10 * largest, ""
        if rounded is not None:
            of_jax = np.max(np.abs(rounded[name] - exact[name]), initial=0.0)
            allowed, in_f32 = 4 * of_jax + 8 * np.spacing(np.float32(largest)), f"; JAX in f32 is off by {of_jax:.3e}"
        error = np.max(np.abs(value - exact[name]), initial=0.0)
        if not error <= allowed:
            comparison.failures.append(f"{name} is off by {error:.3e}, of {largest:.3e}; allowed {allowed:.3e}{in_f32}")
    comparison.kind = "disagrees" if comparison.failures else ""
    return comparison


class Worker:
    """Compares in another process, which goes on to the next plan where one ended it."""

    def __init__(self, target):
        self._target, self._process = target, None

    def compare(self, plan):
        if not self._process:
            # One thread each: as many workers as processors run side by side.
            environment = dict(os.environ, XLA_FLAGS="--xla_cpu_multi_thread_eigen=false", OMP_NUM_THREADS="1")
            self._process = subprocess.Popen([sys.executable, os.path.abspath(__file__), self._target], text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._process.stdin.write(base64.b64encode(pickle.dumps(plan)).decode() + "\n")
        self._process.stdin.flush()
        line = ""
        if select.select([self._process.stdout], [], [], PATIENCE)[0]:
            line = self._process.stdout.readline()
        if line:
            return Comparison(*pickle.loads(base64.b64decode(line)))
        self._process.kill()
        status, self._process = self._process.wait(), None
        ended = "does not end" if status == -signal.SIGKILL else f"ends the process with {status}"
        return Comparison([ended], ended)

    def close(self):
        if self._process:
            self._process.stdin.close()
            self._process.wait()
            self._process = None


def main():
    answer = functools.partial(print, flush=True, file=os.fdopen(os.dup(1), "w"))
    # What else is printed is none of an answer.
    os.dup2(2, 1)
    for line in sys.stdin:
        comparison = compare(pickle.loads(base64.b64decode(line)), sys.argv[1])
        answer(base64.b64encode(pickle.dumps(dataclasses.astuple(comparison))).decode())


jax.config.update("jax_enable_x64", True)
if __name__ == "__main__":
    main()
