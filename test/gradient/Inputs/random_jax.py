"""Compares random models with JAX: random_jax.py TARGET SEED COUNT. The loss, the gradients, and the parameters after three
updates. On the reference target, which computes in f64, each tensor agrees to 1e-10 of its largest element; on the CPU the
error, against JAX in f64, is at most four times that of JAX in f32, and 8 ulp of the largest element besides."""
import sys

import jax
import jax.numpy as jnp
import numpy as np

import nnc_program
from philox import Random
from random_models import RandomNetwork

jax.config.update("jax_enable_x64", True)
UPDATES = 3


def train_in_jax(network, parameters, data, dtype):
    """The loss, its gradients and the parameters after the updates, in `dtype`."""
    cast = lambda value: jnp.asarray(value, dtype if value.dtype != np.int32 else np.int32)  # noqa: E731
    parameters = {name: cast(value) for name, value in parameters.items()}
    data = {name: cast(value) for name, value in data.items()}
    inputs = {name: value for name, value in data.items() if value.dtype != np.int32}
    evaluate = jax.jit(jax.value_and_grad(lambda p, floats: network.loss(p, data | floats), (0, 1)))
    train = jax.jit(jax.grad(lambda p, step: network.loss(p, data, Random(0, step))))
    starts, update, clip = network.optimizer
    slots = {name: tuple(jnp.full_like(value, start) for start in starts) for name, value in parameters.items()}
    loss, (gradients, of_inputs) = evaluate(parameters, inputs)
    results = {"loss": loss} | {f"d/d{name}": value for name, value in (gradients | of_inputs).items()}
    for step in range(UPDATES):
        gradients = clip(train(parameters, step))
        for name in parameters:
            parameters[name], slots[name] = update(parameters[name], gradients[name], slots[name],
                                                   jnp.asarray(step + 1, dtype))
    return {name: np.asarray(value, np.float64)
            for name, value in (results | {f"updated {n}": v for n, v in parameters.items()}).items()}


def train_compiled(network, program, parameters):
    instance = program.instance(workers=2, fill=0x7F)
    instance.run("init", seed=1)
    for name, value in parameters.items():
        instance.parameters[name][...] = value
    gradients = instance.run("fit.gradient", **network.data, valid=network.valid)
    for _ in range(UPDATES):
        instance.run("fit.train", **network.data, valid=network.valid)
    results = {"loss": np.asarray(gradients.pop("loss"))} | {f"d/d{name}": value for name, value in gradients.items()}
    return results | {f"updated {name}": value.copy() for name, value in instance.parameters.items()}


def compare(seed, target):
    network = RandomNetwork(seed)
    # In f64 throughout on the reference: constants of an f32 program are f32 there too.
    text = network.text("f64" if target == "reference" else "f32")
    try:
        program = nnc_program.compile_model(text, batch=network.batch, entries="init,gradient,train", target=target)
    except nnc_program.CompileError as error:
        return [f"does not compile: {error}"], network
    random = np.random.default_rng(seed)
    names = {name: view.shape for name, view in program.instance().parameters.items()}
    parameters = {name: (0.7 * random.standard_normal(shape)).astype(np.float32) for name, shape in names.items()}
    data = {name: value[: network.valid] for name, value in network.data.items()}
    got = train_compiled(network, program, parameters)
    exact = train_in_jax(network, parameters, data, np.float64)
    rounded = None if target == "reference" else train_in_jax(network, parameters, data, np.float32)
    failures = []
    if missing := set(exact) - set(got):
        failures.append(f"has no {', '.join(sorted(missing))}")
    for name in set(exact) & set(got):
        value = got[name]
        if value.shape != exact[name].shape:  # An input: of padding there is no gradient.
            if np.any(value[network.valid:]):
                failures.append(f"{name} is not zero for padding")
            value = value[: network.valid]
        largest = np.max(np.abs(exact[name]), initial=0.0)
        allowed = 1e-10 * largest
        if rounded is not None:
            allowed = 4 * np.max(np.abs(rounded[name] - exact[name]), initial=0.0) + 8 * np.spacing(np.float32(largest))
        error = np.max(np.abs(value - exact[name]), initial=0.0)
        if not error <= allowed:
            failures.append(f"{name} is off by {error:.3e}, of {largest:.3e}; allowed {allowed:.3e}")
    return failures, network


if __name__ == "__main__":
    target, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    print(f"{count} random models from seed {seed}, target {target}")
    failed = 0
    for index in range(count):
        failures, network = compare(seed + index, target)
        if failures:
            failed += 1
            print(f"seed {seed + index}, batch {network.batch}, valid {network.valid}:")
            print("\n".join([*failures, network.text()]))
    print(f"{count - failed} of {count} models agree with JAX")
    sys.exit(1 if failed else 0)
