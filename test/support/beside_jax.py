"""Trials of what the families of test/layers/ have to be compared with JAX: each a model file, what it is run on, and the
same in JAX.

Something without parameters stands in a step of its own, a layer with parameters in a model of its own, a drawn layer
after a dense layer in a model that is trained for one step. Programs for the reference target compute in f64. JAX makes
one program of several trials."""

import concurrent.futures
import dataclasses
import os
import typing

import numpy as np

import nnc_program
import quick_jax  # noqa: F401
from gradient_steps import batched
from layer_family import Value, jax, jnp
from philox import Random

# Trials in one program of JAX.
TOGETHER = 16


@dataclasses.dataclass
class Trial:
    """`where` says of what it is. `text(element)`: the model file in f32 or f64. `run(instance)`: by name, what the
    program makes of `given`; `expected(values)`: the same in JAX, of parameters and given values by name."""

    where: str
    batch: int
    entries: str
    text: typing.Callable
    given: dict
    run: typing.Callable
    expected: typing.Callable

    def compile(self, target):
        return nnc_program.compile_model(self.text("f64" if target == "reference" else "f32"), batch=self.batch,
                                         entries=self.entries, target=target)

    def results(self, program, parameters):
        """What a program makes of these parameters; where there are none yet, they are those of its init, and kept."""
        instance = program.instance(workers=2, fill=0x7F, reverse=True)
        instance.run("init", seed=1)
        for name, value in instance.parameters.items():
            value[...] = parameters.setdefault(name, value.copy())
        return {name: np.asarray(value) for name, value in self.run(instance).items()}


def floats_of(values):
    return {name: value for name, value in values.items() if value.dtype.kind == "f"}


def expect(trials, parameters, *dtypes):
    """What JAX makes of trials, computed in each of `dtypes`: of each trial a list, a dictionary for each of them."""

    @jax.jit
    def everything(values):
        return [[trial.expected({name: value.astype(dtype) if value.dtype.kind == "f" else value
                                 for name, value in own.items()}) for dtype in dtypes]
                for trial, own in zip(trials, values)]

    values = [{**own, **trial.given} for trial, own in zip(trials, parameters)]
    made = everything(values)
    jax.clear_caches()
    return [[{name: np.asarray(value, np.float64) for name, value in one.items()} for one in of_trial] for of_trial in made]


def compare(trials, targets, *dtypes):
    """Yields of each trial its results by target, and what JAX makes of it in each of `dtypes`. All targets have the
    parameters of the first one's init."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        compiled = [{target: pool.submit(trial.compile, target) for target in targets} for trial in trials]
        try:
            for start in range(0, len(trials), TOGETHER):
                group = trials[start:start + TOGETHER]
                parameters = [{} for _ in group]
                got = [{target: trial.results(program.result(), own) for target, program in programs.items()}
                       for trial, own, programs in zip(group, parameters, compiled[start:])]
                yield from zip(group, got, expect(group, parameters, *dtypes))
        finally:
            pool.shutdown(cancel_futures=True)


# A step must train something: @tie, whose part of the loss is zero.
STEP = """nn.model @tie(%z: tensor<?x3x{element}>) -> tensor<?x1x{element}> {{
  %y = nn.dense %z {{units = 1}}
  nn.return %y
}}
nn.step @fit({arguments}) {{
  {body}
  %w = nn.call @tie(%z) : tensor<?x1x{element}>
  %zero = nn.mean_squared_error %w, %w
  {loss}
  nn.minimize %loss over [@tie] with #nn.sgd
}}
"""


def try_case(case, batch=5):
    """Of a layer_family.Comparison, for a whole batch and for a short one: its value, and the gradients of its inputs."""
    random = np.random.default_rng(batch)
    given, types = {}, {}
    for key, (shape, draw) in {**case.inputs, "z": ((3,), np.random.Generator.standard_normal)}.items():
        value = draw(random, (batch, *shape))
        is_index = np.issubdtype(value.dtype, np.integer)
        given[key] = value.astype(np.int32 if is_index else np.float32)
        types[key] = shape, "i32" if is_index else "float"

    def text(element):
        arguments = ", ".join(f"%{key}: {batched(shape, 'i32' if of == 'i32' else element)}"
                              for key, (shape, of) in types.items())
        loss = ('nn.metric "value" %value\n  %loss = nn.add %zero, %zero' if case.is_metric
                else "%loss = nn.add %value, %zero")
        return STEP.format(element=element, arguments=arguments, body=case.body, loss=loss)

    entry, output = ("evaluate", "value") if case.is_metric else ("gradient", "loss")
    valids = sorted({batch, max(batch - 2, 1)})
    name_of = lambda name, valid: f"{name}, {valid} of {batch} samples"  # noqa: E731

    def run(instance):
        results = {}
        for valid in valids:
            got = instance.run(f"fit.{entry}", **given, valid=valid)
            names = {"value": output} | ({} if case.is_metric else {f"d/d{key}": key for key in floats_of(given)})
            results |= {name_of(name, valid): got[key] for name, key in names.items()}
        return results

    def expected(values):
        results = {}
        values = {key: values[key] for key in given}
        for valid in valids:
            # The result for a short batch is that of a batch of its size.
            def value_of(floats, valid=valid):
                return case.expected({key: value[:valid] for key, value in (values | floats).items()})

            if case.is_metric:
                value, gradients = value_of({}), {}
            else:
                value, gradients = jax.value_and_grad(value_of)(floats_of(values))
            results |= {name_of("value", valid): value}
            results |= {name_of(f"d/d{key}", valid): gradient for key, gradient in gradients.items()}
        return results

    shapes = ", ".join(f"%{key}: {batched(shape, of)}" for key, (shape, of) in types.items())
    return Trial(f"{case.name} on {shapes}", batch, f"init,{entry}", text, given, run, expected)


MODEL = """nn.model @m({x}) -> {result} {{
  %y = {line}
  nn.return %y
}}
nn.step @fit({x}, %goal: {result}) {{
  %y = nn.call @m(%x) : {result}
  %loss = nn.mean_squared_error %y, %goal {{half_sum}}
  nn.minimize %loss over [@m] with #nn.sgd
}}
"""


def draw_input(random, batch, value):
    """A batch of a layer_family.Value."""
    shape = (batch, *value.shape)
    return (random.integers(0, value.bound, shape).astype(np.int32) if value.element == "i32"
            else random.standard_normal(shape).astype(np.float32))


def try_layer(batch, layer):
    """Of a layer of one input, %x: its loss, and the gradients of input and parameters, the last sample being padding."""
    (x,) = layer.inputs
    random = np.random.default_rng(batch)
    given = {"goal": random.standard_normal((batch, *layer.shape)).astype(np.float32), "x": draw_input(random, batch, x)}
    valid = max(batch - 1, 1)

    def text(element):
        element = "f32" if layer.makes_f32 else element
        return MODEL.format(x=f"%x: {batched(x.shape, 'i32' if x.element == 'i32' else element)}",
                            result=batched(layer.shape, element), line=layer.line)

    def run(instance):
        got = instance.run("fit.gradient", **given, valid=valid)
        return {"value": got.pop("loss")} | {f"d/d{name}": gradient for name, gradient in got.items()}

    def expected(values):
        def loss(floats):
            read = {key: values[key][:valid] for key in given} | {key: floats[key][:valid] for key in given if key in floats}
            y = layer.formula(floats, f"m.{layer.op}", read["x"])
            penalty = layer.penalty(floats, f"m.{layer.op}") if layer.penalty else 0.0
            return 0.5 * jnp.sum((y - read["goal"]) ** 2) / valid + penalty

        value, gradients = jax.value_and_grad(loss)(floats_of(values))
        return {"value": value} | {f"d/d{name}": gradient for name, gradient in gradients.items()}

    return Trial(f"{layer.line} on {x.shape}, {valid} of {batch} samples", batch, "init,gradient", text, given, run, expected)


TRAINED = """nn.model @m(%x: {x}) -> {result} {{
{first}  %y = {line}
  nn.return %y
}}
nn.step @fit(%x: {x}, %goal: {result}) {{
  %y = nn.call @m(%x) : {result}
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@m] with #nn.sgd<lr = 1.0>
}}
"""


def draw_layer(draw, random):
    """A layer that `draw`, one of a family's DRAWS, makes of a value of some shape; and that value. None where none."""
    shape = tuple(int(size) for size in random.integers(1, 6, random.integers(1, 4)))
    value = Value("%x", shape, "i32", 7) if random.random() < 0.2 else Value("%h", shape)
    layer = draw(random, value, [Value("%x", shape)] if value.element == "f32" else [])
    return (value, layer) if layer else None


def try_drawn(value, layer, seed, batch=3):
    """Of one step in f32, in which layers act as in training: the loss, and the parameters after it. `value` is the input,
    or, of floats, a dense layer's result."""
    is_index = value.element == "i32"
    random = np.random.default_rng(seed)
    given = {"x": draw_input(random, batch, value), "goal": random.standard_normal((batch, *layer.shape)).astype(np.float32)}

    def text(element):
        first = "" if is_index else f'  %h = nn.dense %x {{units = {value.shape[-1]}, name = "first"}}\n'
        return TRAINED.format(x=batched(value.shape, value.element), result=batched(layer.shape), line=layer.line, first=first)

    def run(instance):
        loss = instance.run("fit.train", **given)["loss"]
        return {"value": loss} | {f"updated {name}": value.copy() for name, value in instance.parameters.items()}

    def expected(values):
        parameters = {name: one for name, one in values.items() if name not in given}

        def loss(parameters):
            read = {"%x": values["x"]}
            if not is_index:
                read["%h"] = values["x"] @ parameters["m.first.kernel"] + parameters["m.first.bias"]
            y = layer.formula({**parameters, "random": Random(0, 0)}, f"m.{layer.op}", *(read[v.name] for v in layer.inputs))
            penalty = layer.penalty(parameters, f"m.{layer.op}") if layer.penalty else 0.0
            return jnp.mean((y - values["goal"]) ** 2) + penalty

        value, gradients = jax.value_and_grad(loss)(parameters)
        return {"value": value} | {f"updated {name}": parameters[name] - gradients[name] for name in parameters}

    return Trial(f"{layer.line} on {value.shape}, in training", batch, "init,train", text, given, run, expected)
