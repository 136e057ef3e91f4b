"""Products in tiles, of f32 and on tensor cores, run by the emulator with its detector of races.

Factors that a precision holds exactly must give the very sums: each form of a product, in sizes that fill tiles of every
size and end within them, where memory can be read in vectors and where it can't. Other factors must have been rounded as the
type's are, and infinities and what is no number stay what they are. So must a recurrence that several blocks share, forward
and backward, whose values are small whole numbers at all times.
"""

import itertools
import sys

import numpy as np

from nnc_program import DATA, GRADIENTS, PREDICT, VALID, compile_model
from products import FORMS

TARGET = "cuda-races"


# Each so much work that it is cut into tiles.
SIZES = [(8, 4200, 1), (96, 48, 8), (33, 36, 37), (40, 36, 200), (104, 33, 19), (130, 72, 12), (24, 32, 64)]
# Of so many tiles that they are of 64 and of 128 elements a side.
LARGE = [(512, 1024, 36), (1000, 2044, 20)]


# Units of layers that no block can keep on chip, of which some make whole instructions of both types and some of tf32 alone.
RECURRENCE = """
nn.model @m(%x: tensor<?x4x16xf32>) -> tensor<?x8xf32> {
  %h = nn.simple_rnn %x {units = 304, activation = relu, return_sequences}
  %g = nn.simple_rnn %h {units = 328, activation = relu}
  %y = nn.dense %g {units = 8}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4x16xf32>, %t: tensor<?x8xf32>) {
  %y = nn.call @m(%x) : tensor<?x8xf32>
  %loss = nn.mean_absolute_error %y, %t
  nn.minimize %loss over [@m] with #nn.sgd<lr = 0.1>
}
"""
RECURRENCE_BATCH, RECURRENCE_VALID = 48, 32  # the latter times 8 outputs is a power of two


def recurrence(precision, random):
    """What differs from the CPU's bits, by entry and output."""
    options = {"batch": RECURRENCE_BATCH, "entries": "init,gradient,predict"}
    instances = [compile_model(RECURRENCE, target=target, options=more, **options).instance()
                 for target, more in (("cpu", []), (TARGET, [f"--matmul-precision={precision}", "--gpu-blocks=16"]))]
    for instance in instances:
        instance.run("init", seed=1)
    for name, variable in instances[0].variables.items():
        values = random.integers(-1, 2, variable.shape).astype(np.float32)
        if values.ndim == 2 and values.shape[0] > 16:  # a few terms of each sum, or they grow too long
            values *= random.random(values.shape) < 2 / values.shape[0]
        for instance in instances:
            instance.variables[name][...] = values
    differing, largest = [], 0
    for kind in (PREDICT, GRADIENTS):
        entry, results = instances[0].program.entry_of_kind(kind), []
        inputs = instances[0].program.inputs(entry)
        given = {name: random.integers(-2, 3, tuple(value.tensor.shape[: value.tensor.rank])).astype(np.float32)
                 for name, value in inputs.items() if value.role == DATA}
        given |= {name: RECURRENCE_VALID for name, value in inputs.items() if value.role == VALID}
        host, device = (instance.run(entry, **given) for instance in instances)
        differing += [f"{precision}, recurrence, {entry}: {name} differs from the CPU's"
                      for name in host if not np.array_equal(host[name], device[name])]
        largest = max([largest, *(np.abs(value).max() for value in host.values())])
    if not 1 < largest < 256:
        differing.append(f"{precision}, recurrence: values up to {largest} say nothing")
    return differing


def expected(a, b, c, subscripts):
    """In f64, and the sum of all terms' magnitudes."""
    sums, magnitudes = (np.einsum(subscripts, x, y, optimize=True) for x, y in ((a, b), (np.abs(a), np.abs(b))))
    return np.maximum(c + sums, 0), magnitudes + np.abs(c)


def rounded(values, precision):
    """To nearest: tf32's ties away from zero, bf16's to even."""
    bits = values.astype(np.float32).view(np.uint32)
    if precision == "f32":
        return values
    if precision == "tf32":
        result = (bits + 0x1000) & 0xFFFFE000
    else:
        result = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return np.where(np.isnan(values), np.float32(np.nan), result.astype(np.uint32).view(np.float32))


def main():
    random, failures, count = np.random.default_rng(7), [], 0
    cases = {f"{form}.{i}": make(f"{form}.{i}", *size)
             for (form, make), (i, size) in itertools.product(FORMS.items(), enumerate(SIZES))}
    cases |= {f"{form}.large{i}": FORMS[form](f"{form}.large{i}", *size)
              for form, (i, size) in itertools.product(("nn", "nt"), enumerate(LARGE))}
    text = "module attributes {nn.phase = \"params\"} {" + "".join(case[0] for case in cases.values()) + "\n}\n"
    for precision in ("f32", "tf32", "bf16"):
        program = compile_model(text, batch=1, entries="predict", target=TARGET, options=[f"--matmul-precision={precision}"])
        instance = program.instance()
        for name, (_, *shapes, subscripts) in cases.items():
            integers = [random.integers(-9, 10, shape).astype(np.float32) for shape in shapes]
            normal = [random.standard_normal(shape).astype(np.float32) for shape in shapes]
            normal[0].flat[0], normal[0].flat[-1] = np.nan, np.inf
            normal[0].view(np.uint32).flat[len(normal[0].flat) // 2] = 0x7F800001  # a NaN of what rounding cuts off
            for kind, (a, b, c) in (("exact", integers), ("rounded", normal)):
                if kind == "rounded" and "large" in name:
                    continue
                count += 1
                found = instance.run(name, a=a, b=b, c=c, bias=c.reshape(-1)[None, : shapes[2][-1]])["y"]
                with np.errstate(invalid="ignore"):
                    values, magnitudes = expected(*(rounded(x, precision).astype(np.float64) for x in (a, b)), c, subscripts)
                    bound = 0 if kind == "exact" else 2e-6 * magnitudes
                    right = (np.abs(found - values) <= bound) | (found == values) | (np.isnan(found) & np.isnan(values))
                if not right.all():
                    at = tuple(int(i) for i in np.argwhere(~right)[0])
                    failures.append(f"{precision}, {name}, {kind}: {(~right).sum()} of {right.size} elements are wrong, the "
                                    f"first at {at}: {found[at]}, not {values[at]}")
        if precision != "f32":
            failures += recurrence(precision, random)
    for failure in failures:
        print(failure)
    print(f"{count} products and 2 recurrences, {len(failures)} wrong")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
