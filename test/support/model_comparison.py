"""A random model beside JAX: the first result, the loss, the gradients, and the parameters after three updates.

On the reference target, which computes in f64, each tensor agrees to 1e-10 of its largest element; on the CPU the error,
against JAX in f64, is at most four times that of JAX in f32, and 8 ulp of the largest element besides. Two errors of a
number that is ill-conditioned may differ by any factor, though: the one of JAX may be 0 by luck. So what lies outside is
compared again with JAX in f32 on inputs that are changed in their last place, the largest error of several such runs in
the place of the one, and counted apart ("explained") where that bound holds it: it is exact for inputs that near.

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
DISTURBANCES = 16
# Seconds for one model, before its process is taken for one that hangs.
PATIENCE = 300


@dataclasses.dataclass
class Comparison:
    """What is wrong, a line each; `kind` tells failures of one sort from others, "" where nothing is wrong. `explained` is
    what lies outside the bound, but is no farther off than JAX where the inputs change in their last place."""

    failures: list
    kind: str = ""
    tensors: int = 0
    explained: list = dataclasses.field(default_factory=list)


def train_in_jax(network, dtype):
    """A function of parameters and data: the first result, the loss, its gradients and the parameters after the updates,
    computed in `dtype`."""
    start, update, clip = network.optimizer

    @jax.jit
    def everything(parameters, floats, integers):
        train = jax.grad(lambda p, step: network.loss(p, floats | integers, Random(0, step))[0])

        def advance(state, step):
            parameters, slots = state
            gradients = clip(train(parameters, step))
            both = {name: update(parameters[name], gradients[name], slots[name], jnp.asarray(step + 1, dtype))
                    for name in parameters}
            return ({name: one for name, (one, _) in both.items()}, {name: tuple(rest) for name, (_, rest) in both.items()}), 0

        (loss, result), gradients = jax.value_and_grad(lambda p, f: network.loss(p, f | integers), (0, 1), has_aux=True)(
            parameters, floats)
        slots = {name: tuple(jnp.full_like(value, one) for one in start) for name, value in parameters.items()}
        (updated, _), _ = jax.lax.scan(advance, (parameters, slots), jnp.arange(UPDATES))
        return loss, result, gradients, updated

    def run(parameters, data):
        cast = lambda values: {name: jnp.asarray(value, dtype) for name, value in values.items()}  # noqa: E731
        integers = {name: jnp.asarray(value) for name, value in data.items() if value.dtype == np.int32}
        floats = cast({name: value for name, value in data.items() if name not in integers})
        loss, result, (gradients, of_inputs), updated = everything(cast(parameters), floats, integers)
        results = {"loss": loss, "y": result} | {f"d/d{name}": value for name, value in (gradients | of_inputs).items()}
        results |= {f"updated {name}": value for name, value in updated.items()}
        return {name: np.asarray(value, np.float64) for name, value in results.items()}

    return run


def disturbed(values, random):
    """Floats off by up to a unit in their last place, each in its own direction."""
    return {name: value if value.dtype == np.int32 else
            (value * (1 + random.integers(-1, 2, value.shape) * 2.0**-23)).astype(np.float32)
            for name, value in values.items()}


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


def largest(values):
    return np.max(np.abs(values), initial=0.0)


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
    exact = train_in_jax(network, np.float64)(parameters, data)
    comparison = Comparison([])
    if missing := set(exact) - set(got):
        comparison.failures.append(f"has no {', '.join(sorted(missing))}")
    got = {name: value for name, value in got.items() if name in exact}
    for name, value in got.items():
        if value.shape != exact[name].shape:  # An input: of padding there is no gradient.
            if np.any(value[plan.valid:]):
                comparison.failures.append(f"{name} is not zero for padding")
            got[name] = value[: plan.valid]
    comparison.tensors = len(got)
    errors = {name: largest(value - exact[name]) for name, value in got.items()}
    describe = lambda name: f"{name} is off by {errors[name]:.3e}, of {largest(exact[name]):.3e}"  # noqa: E731
    if target == "reference":
        # The update of an f32 table, and what follows from it, has constants of f32 even there.
        if any(layer.makes_f32 for model in network.models for _, _, layer in model.lines):
            errors = {name: error for name, error in errors.items() if not name.startswith("updated ")}
        comparison.failures += [describe(name) for name, error in errors.items()
                                if not error <= 1e-10 * largest(exact[name])]
    else:
        in_f32 = train_in_jax(network, np.float32)
        rounded = in_f32(parameters, data)
        theirs = {name: largest(rounded[name] - exact[name]) for name in got}
        allowed = lambda name, of_jax: 4 * of_jax + 8 * np.spacing(np.float32(largest(exact[name])))  # noqa: E731
        outside = [name for name, error in errors.items() if not error <= allowed(name, theirs[name])]
        # An element that is a small difference of large numbers is off by chance, in JAX as here.
        chance = dict.fromkeys(outside, 0.0)
        for _ in range(DISTURBANCES if outside else 0):
            results = in_f32(disturbed(parameters, random), disturbed(data, random))
            chance = {name: max(most, largest(results[name] - exact[name])) for name, most in chance.items()}
        for name, most in chance.items():
            line = (f"{describe(name)}; JAX in f32 by {theirs[name]:.3e}, of inputs changed in their last place by up to "
                    f"{most:.3e}")
            (comparison.explained if errors[name] <= allowed(name, most) else comparison.failures).append(line)
    comparison.kind = "disagrees" if comparison.failures else ""
    jax.clear_caches()
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
