"""Lazy updates of embedding tables: rows whose index occurs get the bits of the dense update from the same state, all
others and their slots keep theirs; with any optimiser, several look-ups, short batches, any order of tasks, any number
of threads."""
import os
import subprocess
import tempfile

import numpy as np

import nnc_program

OPTIMIZERS = ["sgd", "sgd<lr = 0.1, momentum = 0.9>", "sgd<momentum = 0.9, nesterov = true>", "adam",
              "adamw<lr = 0.01, weight_decay = 0.5>", "rmsprop<momentum = 0.5>", "adagrad<lr = 0.1>",
              "sgd<lr = 0.1, clipvalue = 0.01>"]
STEPS = 4
BATCH, SHORT = 8, 5
TABLE = "table"


def plain(lazy, optimizer, vocab, dim, time=6, index="i32", element="f32"):
    """One look-up."""
    return f"""nn.variable @table : tensor<{vocab}x{dim}x{element}> {{initializer = #nn.random_uniform, trainable}}
nn.model @m(%a: tensor<?x{time}x{index}>) -> tensor<?x3x{element}> {{
  %t = nn.get_variable @table : tensor<{vocab}x{dim}x{element}>
  %e = nn.embedding %a params(%t) {{vocab = {vocab}, dim = {dim}{lazy}}}
  %h = nn.flatten %e
  %y = nn.dense %h {{units = 3}}
  nn.return %y
}}
nn.step @fit(%a: tensor<?x{time}x{index}>, %y: tensor<?x3x{element}>) {{
  %p = nn.call @m(%a) : tensor<?x3x{element}>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.{optimizer}
}}
"""


def shared(lazy, optimizer, vocab, dim):
    """Three look-ups in one table: two of tokens of either type, and one of places, the same for all samples."""
    table = f"tensor<{vocab}x{dim}xf32>"
    return f"""nn.variable @table : {table} {{initializer = #nn.random_uniform, trainable}}
nn.model @m(%a: tensor<?x6xi32>, %b: tensor<?x4xi64>) -> tensor<?x3xf32> {{
  %t = nn.get_variable @table : {table}
  %places = arith.constant dense<[3, 1, 2, 3, 4, 1]> : tensor<6xi32>
  %e = nn.embedding %a params(%t) {{vocab = {vocab}, dim = {dim}{lazy}}}
  %f = nn.embedding %b params(%t) {{vocab = {vocab}, dim = {dim}{lazy}}}
  %g = nn.embedding %places params(%t) {{vocab = {vocab}, dim = {dim}{lazy}}}
  %s = linalg.generic {{
      indexing_maps = [affine_map<(b, i, j) -> (b, i, j)>, affine_map<(b, i, j) -> (i, j)>,
                       affine_map<(b, i, j) -> (b, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel"]}}
      ins(%e, %g : tensor<?x6x{dim}xf32>, tensor<6x{dim}xf32>) outs(%e : tensor<?x6x{dim}xf32>) {{
    ^bb0(%x: f32, %z: f32, %old: f32):
      %sum = arith.addf %x, %z : f32
      linalg.yield %sum : f32
  }} -> tensor<?x6x{dim}xf32>
  %h = nn.flatten %s
  %k = nn.flatten %f
  %u = nn.dense %h {{units = 3}}
  %v = nn.dense %k {{units = 3}}
  %y = nn.add %u, %v
  nn.return %y
}}
nn.step @fit(%a: tensor<?x6xi32>, %b: tensor<?x4xi64>, %y: tensor<?x3xf32>) {{
  %p = nn.call @m(%a, %b) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.{optimizer}
}}
"""


def is_of_table(name):
    return name == TABLE or name.startswith(TABLE + ".")


def assert_same_bits(got, wanted, what):
    for name in wanted:
        same = got[name].tobytes() == wanted[name].tobytes()
        assert same, f"{what}: {name} differs: {got[name]} and {wanted[name]}"


def state(instance, only=lambda name: True):
    return {name: value.copy() for name, value in instance.variables.items() if only(name)}


def load(instance, values):
    for name, value in values.items():
        instance.variables[name][...] = value


def make_batch(random, program, batch, vocab):
    """Inputs of a step, of few enough rows that some occur often and others never."""
    values = {}
    for name, description in program.inputs("fit.train").items():
        if description.role != nnc_program.DATA:
            continue
        shape = (batch, *description.tensor.shape[1 : description.tensor.rank])
        if name == "y":
            values[name] = random.standard_normal(shape).astype(np.float32)
        else:
            rows = random.choice(vocab, size=min(vocab, max(2, np.prod(shape) // 3)), replace=False)
            values[name] = random.choice(rows, size=shape)
    return values


def rows_named(values, valid, fixed):
    named = [values[name][:valid].ravel() for name in values if name != "y"]
    return np.unique(np.concatenate([*named, np.array(fixed, np.int64)])).astype(np.int64)


def check(make, optimizer, vocab, *arguments, batch=BATCH, short=SHORT, fixed=(), target=None):
    def build(lazy, size):
        text = make(lazy, optimizer, vocab, *arguments)
        return nnc_program.compile_model(text, batch=size, entries="init,train", target=target)

    lazy, dense = build(", lazy", batch), build("", batch)
    what = f"{make.__name__} {optimizer} {vocab} {arguments} {target or ''}"
    instance, other = lazy.instance(fill=0xA5), dense.instance(fill=0x5A)
    shuffled = lazy.instance(fill=0x33, workers=3, reverse=True)
    for one in (instance, shuffled):
        one.run("init", seed=3)
    if short:
        small = build(", lazy", short).instance(fill=0x77)
    random = np.random.default_rng(0)
    untouched = 0
    for step in range(STEPS):
        valid = short if short and step == STEPS - 1 else batch
        values = make_batch(random, lazy, batch, vocab)
        before = state(instance)
        load(other, before)
        if valid != batch:
            load(small, before)
            small.run("fit.train", **{name: value[:valid] for name, value in values.items()})
        instance.run("fit.train", valid=valid, **values)
        shuffled.run("fit.train", valid=valid, **values)
        other.run("fit.train", valid=valid, **values)
        named = rows_named(values, valid, fixed)
        wanted = state(other)
        for name in filter(is_of_table, wanted):
            rows = before[name].copy()
            rows[named] = wanted[name][named]
            untouched += len(rows) - len(named)
            wanted[name] = rows
        assert_same_bits(instance.variables, wanted, f"{what}, step {step}")
        assert_same_bits(shuffled.variables, wanted, f"{what}, step {step}, tasks in reverse on 3 workers")
        if valid != batch:
            assert_same_bits(instance.variables, state(small, is_of_table), f"{what}, a program of batch {valid}")
            others = set(range(vocab)) - set(named)
            assert vocab < 9 or others & set(rows_named(values, batch, ())), "no row that only padding names"
    assert untouched or vocab < 9, f"{what}: every row occurs"


def check_threads(optimizer):
    """The same checkpoint from nnc-run with one thread and with two."""
    text = plain(", lazy", optimizer, 3000, 64, time=16)
    with tempfile.TemporaryDirectory(prefix="nnc-test-") as directory:
        model, data = os.path.join(directory, "model.mlir"), os.path.join(directory, "data.npz")
        with open(model, "w") as file:
            file.write(text)
        random = np.random.default_rng(1)
        np.savez(data, a=random.integers(0, 3000, (200, 16), np.int32),
                 y=random.standard_normal((200, 3)).astype(np.float32))
        checkpoints = []
        for threads in ("1", "2"):
            checkpoint = os.path.join(directory, threads + ".safetensors")
            subprocess.run(["nnc-run", "train", model, "--data", data, "--batch", "64", "--epochs", "1", "--seed", "1",
                            "--threads", threads, "--checkpoint", checkpoint], check=True, capture_output=True)
            with open(checkpoint, "rb") as file:
                checkpoints.append(file.read())
    assert checkpoints[0] == checkpoints[1], f"{optimizer}: two threads give another checkpoint than one"


for optimizer in OPTIMIZERS:
    check(plain, optimizer, 50, 5)
    check(shared, optimizer, 30, 16, fixed=(1, 2, 3, 4))
for shape in ((1, 3), (2, 1), (5000, 17), (100000, 8)):
    check(plain, "adam", *shape)
check(plain, "adam", 50, 5, 6, "i64", "f64")
check(shared, "adam", 30, 16, fixed=(1, 2, 3, 4), target="reference")
check(plain, "adamw", 50, 5, 1, batch=1, short=None)
# Rows enough for several tasks.
check(plain, "adam", 3000, 64, 16, batch=64, short=33)
check_threads("adam")
