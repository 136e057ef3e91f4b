"""Measures elementary functions of compiled programs, in units in the last place, against a higher precision, and holds
them to what nn-expand-math states; prints the table. With an argument, the number of points a function."""
import math
import sys

import numpy as np

import nnc_program

BATCH, WIDTH = 8, 8192
np.seterr(all="ignore")


def erf(x):
    return np.frompyfunc(math.erf, 1, 1)(x.astype(np.float64)).astype(x.dtype)


def erfc(x):
    return np.frompyfunc(math.erfc, 1, 1)(x.astype(np.float64)).astype(x.dtype)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def round_away(x):
    return np.copysign(np.floor(np.abs(x) + 0.5), x)  # exact: in a wider format than the op's


# How an op is written, what it computes, where it is measured, and its bounds in ulp for f32 and f64. The reference
# for f64's erf and erfc is the C library's, itself off by up to one and by some.
FUNCTIONS = {
    "exp": ("math.exp %x", np.exp, "all", 1, 1),
    "exp2": ("math.exp2 %x", np.exp2, "all", 1.1, 1.1),
    "expm1": ("math.expm1 %x", np.expm1, "normal", 1.5, 2),
    "log": ("math.log %x", np.log, "all", 1, 1),
    "log2": ("math.log2 %x", np.log2, "all", 2, 2),
    "log10": ("math.log10 %x", np.log10, "all", 2.5, 2.5),
    "log1p": ("math.log1p %x", np.log1p, "all", 1.5, 1.5),
    "tanh": ("math.tanh %x", np.tanh, "all", 1.5, 1.5),
    "erf": ("math.erf %x", erf, "normal", 1, 2),
    "erfc": ("math.erfc %x", erfc, "normal", 5, 7),
    "sin": ("math.sin %x", np.sin, "reducible", 0.51, 2),
    "cos": ("math.cos %x", np.cos, "reducible", 0.51, 2),
    "tan": ("math.tan %x", np.tan, "reducible", 0.51, 4),
    "sigmoid": ("nn.sigmoid %x", sigmoid, "above -87", 2.5, 2.5),
    "floor": ("math.floor %x", np.floor, "all", 0, 0),
    "ceil": ("math.ceil %x", np.ceil, "all", 0, 0),
    "roundeven": ("math.roundeven %x", np.rint, "all", 0, 0),
    "round": ("math.round %x", round_away, "all", 0, 0),
    "trunc": ("math.trunc %x", np.trunc, "all", 0, 0),
}


def model(name, expression, type):
    tensor = f"tensor<?x{WIDTH}x{type}>"
    typed = expression if expression.startswith("nn.") else f"{expression} : {tensor}"
    return f"""
nn.model @{name}_{type}(%x: {tensor}) -> {tensor} {{
  %y = {typed}
  nn.return %y
}}
nn.model @pow_{type}(%x: {tensor}, %y: {tensor}) -> {tensor} {{
  %z = math.powf %x, %y : {tensor}
  nn.return %z
}}"""


def points(rng, where, dtype):
    """Half of them spread over all numbers, half over those of everyday size; the special ones first."""
    count = BATCH * WIDTH
    unsigned = np.dtype(f"u{dtype.itemsize}")
    bits = rng.integers(0, np.iinfo(unsigned).max, count // 2, dtype=unsigned, endpoint=True)
    x = np.concatenate([bits.view(dtype), rng.uniform(-12, 12, count - count // 2).astype(dtype)])
    tiny, info = np.nextafter(dtype.type(0), dtype.type(1)), np.finfo(dtype)
    special = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, tiny, -tiny, info.tiny, info.max, -info.max]
    # Ties of rounding, and just below one.
    special += [0.5, -0.5, 1.5, 2.5, -3.5, np.nextafter(dtype.type(0.5), dtype.type(0))]
    x[: len(special)] = special
    outside = {
        "all": np.zeros(count, bool),
        "normal": (np.abs(x) < info.tiny) & (x != 0),
        "reducible": np.abs(x) > 2.0**30,
        "above -87": x < -87,
    }[where]
    return np.where(outside, dtype.type(0.5), x)


def errors(got, want):
    """In units in the last place of the format of `got`; infinite where one is NaN and the other is not."""
    dtype = got.dtype
    rounded = want.astype(dtype)
    info = np.finfo(dtype)
    exponent = np.frexp(np.abs(rounded))[1].astype(np.int64) - (info.nmant + 1)
    unit = np.ldexp(np.ones_like(want), np.maximum(exponent, info.minexp - info.nmant).astype(np.int32))
    error = np.abs(got.astype(want.dtype) - want) / unit
    error = np.where((got == rounded) & ~np.isfinite(want), 0, error)
    # Beyond the largest number by less than rounding.
    error = np.where(np.isinf(rounded) & (got == rounded), 0, error)
    return np.where(np.isnan(got) | np.isnan(want), np.where(np.isnan(got) & np.isnan(want), 0, np.inf), error)


def check_powers(program_instance, type, dtype):
    """IEEE 754's special cases, exactly."""
    values = [0.0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, np.inf, -np.inf, np.nan, 2.0**53 - 1, 2.0**53]
    x, y = np.meshgrid(np.array(values, dtype), np.array(values, dtype))
    padding = BATCH * WIDTH - x.size
    x, y = (np.pad(v.ravel(), (0, padding), constant_values=1).reshape(BATCH, WIDTH) for v in (x, y))
    got = program_instance.run(f"pow_{type}.predict", x=x, y=y)["prediction"]
    want = np.power(x, y)
    np.testing.assert_array_equal(np.signbit(got[~np.isnan(want)]), np.signbit(want[~np.isnan(want)]))
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps)


def measure_powers(program_instance, type, dtype, wide):
    """The largest error where results are finite and normal, and where it is."""
    rng = np.random.default_rng(1)
    x = np.exp2(rng.uniform(-30, 30, (BATCH, WIDTH))).astype(dtype)
    y = rng.uniform(-40, 40, (BATCH, WIDTH)).astype(dtype)
    got = program_instance.run(f"pow_{type}.predict", x=x, y=y)["prediction"]
    want = np.power(x.astype(wide), y.astype(wide))
    info = np.finfo(dtype)
    error = np.where((want < info.max) & (want > info.tiny), errors(got, want), 0)
    at = np.unravel_index(np.argmax(error), error.shape)
    return error[at], f"powf({x[at]!r}, {y[at]!r}) = {got[at]!r}"


def main():
    rounds = max(1, int(sys.argv[1]) // (BATCH * WIDTH)) if len(sys.argv) > 1 else 1
    failed = []
    print(f"{'function':10} {'type':4} {'points':>10} {'max ulp':>8} {'stated':>6}  at")
    for type, dtype, wide, column in (("f32", np.float32, np.float64, 3), ("f64", np.float64, np.longdouble, 4)):
        dtype = np.dtype(dtype)
        text = "".join(model(name, row[0], type).split("nn.model @pow")[0] for name, row in FUNCTIONS.items())
        text += "\nnn.model @pow" + model("exp", "math.exp %x", type).split("nn.model @pow")[1]
        instance = nnc_program.compile_model(text, batch=BATCH, entries="predict").instance()
        rng = np.random.default_rng(0)
        for name, row in FUNCTIONS.items():
            worst, place = -1.0, None
            for _ in range(rounds):
                x = points(rng, row[2], dtype).reshape(BATCH, WIDTH)
                got = instance.run(f"{name}_{type}.predict", x=x)["prediction"]
                error = errors(got, row[1](x.astype(wide)))
                at = np.unravel_index(np.argmax(error), error.shape)
                if error[at] > worst:
                    worst, place = error[at], f"{name}({x[at]!r}) = {got[at]!r}"
            print(f"{name:10} {type:4} {rounds * BATCH * WIDTH:10} {float(worst):8.3f} {row[column]:6}  {place}")
            if worst > row[column]:
                failed.append(f"{name} {type}")
        check_powers(instance, type, dtype)
        worst, place = measure_powers(instance, type, dtype, wide)
        bound = 0.51 if type == "f32" else 2
        print(f"{'powf':10} {type:4} {BATCH * WIDTH:10} {float(worst):8.3f} {bound:6}  {place}")
        if worst > bound:
            failed.append(f"powf {type}")
    if failed:
        sys.exit(f"less accurate than stated: {', '.join(failed)}")


if __name__ == "__main__":
    main()
