"""A random model beside JAX: the first result, the loss, the gradients, and the parameters after three updates.

On the reference target, which computes in f64, each tensor agrees to 1e-10 of its largest element; on the CPU the error,
against JAX in f64, is within rounding.allowed_error of JAX's own in f32. That rule compares two errors, of which either may
be any number by chance where a result is ill-conditioned: a sum that cancels, a pre-activation at a kink. So parameters and
data are drawn, before the program runs, until JAX in f32 keeps the rule itself on inputs, and with values of the layers,
that differ in their last place, DISTURBANCES times: equal samples, whose gradients cancel to the last bit, stay equal
where only parameters differ. A model that has no such draw among DRAWS is none to compare.

    compare(plan, target)         # a Comparison
    compare_errors(plan)          # how our errors on the CPU are to JAX's, whatever the draw
    Worker(target).compare(plan)  # the same in a process of its own, which a program that crashes or hangs ends
    compare_seed(compare, seed)   # one of the first plan that can be compared, from a seed on

As a program it is that process: plans come in by standard input, comparisons go out, pickled, a line each."""

import base64
import dataclasses
import functools
import gc
import itertools
import os
import pickle
import select
import signal
import subprocess
import sys

import numpy as np

import nnc_program
import quick_jax  # noqa: F401
from layer_family import jax, jnp
from philox import Random
from random_models import RandomNetwork, draw_plan
from rounding import allowed_error

UPDATES = 3
DRAWS, DISTURBANCES, ERROR_DRAWS = 10, 16, 40
# Between the seeds of a model and of the one that takes its place.
NEXT = 2**32
# Seconds for one model, before its process is taken for one that hangs.
PATIENCE = 300


@dataclasses.dataclass
class Comparison:
    """What is wrong, a line each; `kind` tells failures of one sort from others, "" where nothing is wrong. `draws` counts
    those of parameters and data; `undecided` says why none of them was to be compared."""

    failures: list
    kind: str = ""
    tensors: int = 0
    draws: int = 1
    undecided: str = ""


def train_in_jax(network, dtype):
    """A function of parameters, data, and a factor for each element of the layers' values: the first result, the loss, its
    gradients and the parameters after the updates, by name, computed in `dtype`."""
    start, update, clip = network.optimizer

    @jax.jit
    def everything(parameters, floats, integers, factors):
        def evaluate(parameters, step):
            """As outside training at step -1, as in a training step from 0 on: one loop, which XLA compiles once."""
            random = Random(0, jnp.maximum(step, 0), step >= 0)
            loss = lambda p, f: network.loss(p, f | integers, factors, random)  # noqa: E731
            (value, result), gradients = jax.value_and_grad(loss, (0, 1), has_aux=True)(parameters, floats)
            return value, result, *gradients

        def advance(state, step):
            parameters, slots = state
            results = evaluate(parameters, step)
            clipped = clip(results[2])
            both = {name: update(parameters[name], clipped[name], slots[name], jnp.maximum(step + 1, 1).astype(dtype))
                    for name in parameters}
            after = {name: one for name, (one, _) in both.items()}, {name: tuple(rest) for name, (_, rest) in both.items()}
            return jax.tree.map(lambda old, new: jnp.where(step < 0, old, new), state, after), results

        slots = {name: tuple(jnp.full_like(value, one) for one in start) for name, value in parameters.items()}
        (updated, _), results = jax.lax.scan(advance, (parameters, slots), jnp.arange(-1, UPDATES))
        loss, result, gradients, of_inputs = jax.tree.map(lambda values: values[0], results)
        named = {"loss": loss, "y": result} | {f"d/d{name}": value for name, value in (gradients | of_inputs).items()}
        return named | {f"updated {name}": value for name, value in updated.items()}

    def run(parameters, data, factors):
        cast = lambda values: {name: value.astype(dtype) for name, value in values.items()}  # noqa: E731
        integers = {name: value for name, value in data.items() if value.dtype == np.int32}
        floats = {name: value for name, value in data.items() if name not in integers}
        results = jax.device_get(everything(cast(parameters), cast(floats), integers, cast(factors)))
        return {name: np.asarray(value, np.float64) for name, value in results.items()}

    return run


def disturbed(values, random):
    """Floats off by up to a unit in their last place, each in its own direction."""
    return {name: value if value.dtype == np.int32 else
            (value * (1 + random.integers(-1, 2, value.shape) * 2.0**-23)).astype(np.float32)
            for name, value in values.items()}


def train_compiled(network, program, parameters, data):
    instance = program.instance(workers=2, fill=0x7F)
    instance.run("init", seed=1)
    for name, value in parameters.items():
        instance.parameters[name][...] = value
    inputs = {value.name[1:]: data[operand] for value, operand in zip(network.models[0].inputs, network.calls[0][1])}
    prediction = instance.run("first.predict", **inputs)["prediction"][: network.plan.valid]
    gradients = instance.run("fit.gradient", **data, valid=network.plan.valid)
    for _ in range(UPDATES):
        instance.run("fit.train", **data, valid=network.plan.valid)
    results = {"loss": np.asarray(gradients.pop("loss")), "y": prediction}
    results |= {f"d/d{name}": value for name, value in gradients.items()}
    return results | {f"updated {name}": value.copy() for name, value in instance.parameters.items()}


def largest(values):
    return np.max(np.abs(values), initial=0.0)


def list_outside(results, exact, rounded):
    """What is not within the rule, a line each. `rounded`: JAX's results in f32; None where they are to be as in f64."""
    lines = []
    for name, value in exact.items():
        error = largest(results[name] - value)
        allowed = 1e-10 * largest(value) if rounded is None else allowed_error(value, rounded[name])
        if not error <= allowed:
            lines.append(f"{name} is off by {error:.3e}, of {largest(value):.3e}; allowed {allowed:.3e}")
    return lines


def draw_values(network, shapes, number):
    """Parameters of these shapes, data, and the valid part of them: the same for the same plan and number."""
    random = np.random.default_rng([network.plan.seed, number])
    parameters = {name: (0.7 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()}
    data = network.draw_data(random)
    return random, parameters, data, {name: value[: network.plan.valid] for name, value in data.items()}


def make_factors(network):
    """That leave the layers' values as they are."""
    return {name: np.ones((network.plan.valid, *shape), np.float32) for name, shape in network.value_shapes().items()}


def draw_decided(network, shapes, target):
    """Parameters of these shapes, and data, on which the rule decides; what JAX makes of them in f64, and in f32 unless the
    target is the reference; the number of draws, and, where the last one decides nothing either, why."""
    in_f64, in_f32 = train_in_jax(network, np.float64), train_in_jax(network, np.float32)
    ones = make_factors(network)
    for draws in range(1, DRAWS + 1):
        random, parameters, data, valid = draw_values(network, shapes, draws)
        exact = in_f64(parameters, valid, ones)
        if target == "reference":
            return parameters, data, exact, None, draws, ""
        rounded = in_f32(parameters, valid, ones)
        disturbances = (in_f32(*(disturbed(values, random) for values in (parameters, valid, ones)))
                        for _ in range(DISTURBANCES))
        wrong = next(filter(None, (list_outside(results, exact, rounded) for results in disturbances)), [])
        if not wrong:
            return parameters, data, exact, rounded, draws, ""
    return parameters, data, exact, rounded, draws, f"JAX in f32, of inputs changed in their last place: {wrong[0]}"


def compile_network(network, target):
    """The program, and the shapes of its parameters."""
    # In f64 throughout on the reference: constants of an f32 program are f32 there too.
    text = network.text("f64" if target == "reference" else "f32")
    program = nnc_program.compile_model(text, batch=network.plan.batch, entries="init,predict,gradient,train",
                                        target=target)
    return program, {name: view.shape for name, view in program.instance().parameters.items()}


def compare_errors(plan):
    """Of each tensor the geometric mean, over ERROR_DRAWS draws of parameters and data, of our largest error on the CPU
    divided by JAX's in f32, half a unit in the last place of the largest element added to both. By chance one draw breaks
    the rule where this is near 1; where it is not, our program is the less exact one."""
    network = RandomNetwork(plan)
    program, shapes = compile_network(network, "cpu")
    in_f64, in_f32 = train_in_jax(network, np.float64), train_in_jax(network, np.float32)
    ones, logs = make_factors(network), {}
    for number in range(ERROR_DRAWS):
        _, parameters, data, valid = draw_values(network, shapes, DRAWS + 1 + number)
        exact, rounded = (run(parameters, valid, ones) for run in (in_f64, in_f32))
        got = train_compiled(network, program, parameters, data)
        for name in exact.keys() & got.keys():
            half = float(np.spacing(np.float32(largest(exact[name])))) / 2
            # Of padding there is no gradient.
            ours, theirs = (largest(np.atleast_1d(values[name])[: np.atleast_1d(exact[name]).shape[0]] - exact[name])
                            for values in (got, rounded))
            logs.setdefault(name, []).append(np.log((ours + half) / (theirs + half)))
    jax.clear_caches()
    return {name: float(np.exp(np.mean(values))) for name, values in sorted(logs.items())}


def compare(plan, target):
    network = RandomNetwork(plan)
    try:
        program, shapes = compile_network(network, target)
    except nnc_program.CompileError as error:
        return Comparison([f"does not compile: {error}"], "does not compile")
    parameters, data, exact, rounded, draws, undecided = draw_decided(network, shapes, target)
    jax.clear_caches()
    if undecided:
        return Comparison([], draws=draws, undecided=undecided)
    got, failures = train_compiled(network, program, parameters, data), []
    if missing := set(exact) - set(got):
        failures.append(f"has no {', '.join(sorted(missing))}")
    exact = {name: value for name, value in exact.items() if name in got}
    for name, value in exact.items():
        if got[name].shape != value.shape:  # An input: of padding there is no gradient.
            if np.any(got[name][plan.valid:]):
                failures.append(f"{name} is not zero for padding")
            got[name] = got[name][: plan.valid]
    # The update of an f32 table, and what follows from it, has constants of f32 even on the reference.
    if target == "reference" and any(layer.makes_f32 for model in network.models for _, _, layer in model.lines):
        exact = {name: value for name, value in exact.items() if not name.startswith("updated ")}
    failures += list_outside(got, exact, rounded)
    return Comparison(failures, "disagrees" if failures else "", len(exact), draws)


def compare_seed(compare, seed):
    """The plan of this seed, or of the first after it that is decided; how many are not; the plan's comparison by
    `compare(plan)`."""
    for undecided in itertools.count():
        plan = draw_plan(seed + NEXT * undecided)
        comparison = compare(plan)
        if not comparison.undecided:
            return plan, undecided, comparison


class Worker:
    """Compares in another process, which goes on to the next plan where one ended it."""

    def __init__(self, target):
        self._target, self._process = target, None

    def compare(self, plan):
        if not self._process:
            # One thread each: as many workers as processors run side by side.
            self._process = subprocess.Popen([sys.executable, os.path.abspath(__file__), self._target], text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             env=dict(os.environ, OMP_NUM_THREADS="1"))
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
    # JAX makes many objects that live as long as a model: to look through them and its modules again and again takes time.
    gc.freeze()
    gc.set_threshold(100_000, 50)
    for line in sys.stdin:
        comparison = compare(pickle.loads(base64.b64decode(line)), sys.argv[1])
        answer(base64.b64encode(pickle.dumps(dataclasses.astuple(comparison))).decode())


if __name__ == "__main__":
    main()
