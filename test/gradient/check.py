"""Checks every adjoint: against finite differences, the fast path against the reference, and that each mutant is caught.

    check.py [--only TEXT] [--no-mutants] [--no-fast] [--list]

A case is one op (or form of one) in several shapes (upstream.py; test/layers/, a file each family). Its program is compiled for the reference
target, all in f64, and the directional derivative of the loss along random directions, by central differences extrapolated
once (Richardson) at several step sizes, must equal the gradients' to 1e-6. The program for this machine's CPU, in f32,
must give the reference's gradients. Then each op that an adjoint is made of is broken in turn, and the finite
differences must notice each time, in at least one of the shapes whose adjoint is made of the same ops. All mutants of a
function are one program, in which switches break its ops (test/lib/MutateAdjoints.cpp).

Excused are, each in a line of its own, mutants of an op whose result no gradient reads in any of these shapes, as NaN in
its place shows: a place to write to, rows that only pad, what the last iteration of a loop hands on. Not broken are
shapes that the case says so of: recurrences of one step, of whose adjoint little is used.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "support")]

import layer_families  # noqa: E402
import nnc_program as nnc  # noqa: E402
import upstream  # noqa: E402

GRADIENT_TOLERANCE = 1e-6
# What is caught is far off, not just beyond the tolerance.
MUTANT_TOLERANCE = 1e-4
FAST_TOLERANCE = 2e-5
STEPS = [1e-2, 1e-3, 1e-4, 1e-7]
# How the results of an adjoint's ops are broken, by the form that the switch gives them: scale and shift.
MUTATIONS = {
    "float": {"negate": (-1, 0), "zero": (0, 0)},
    # Nothing tells it from its negative.
    "even": {"double": (2, 0), "zero": (0, 0)},
    # Zero by construction.
    "zero": {"one": (1, 1)},
    "condition": {"invert": (1, 1), "false": (0, 0)},
}
MUTANTS = ".mutants"
TEST_OPT = os.path.join(nnc.BUILD_DIR, "bin", "nnc-test-opt")
NNC_OPT = os.path.join(nnc.BUILD_DIR, "bin", "nnc-opt")


def run(command):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise nnc.CompileError(f"{' '.join(command)}\n{result.stderr.strip()}")


class Point:
    """Values for everything an entry reads: what is differentiated, and the rest."""

    def __init__(self, case, entry, program, rng):
        self.given, self.variables = {}, {}
        gradients = [n for n, o in program.outputs(entry).items() if o.role == nnc.GRADIENT]
        parameters = {v.tensor.name.decode(): v.tensor for v in program.variables if v.role == nnc.PARAMETER}
        for name, description in program.inputs(entry).items():
            if description.role != nnc.DATA:
                continue
            shape = tuple(description.tensor.shape[: description.tensor.rank])
            fixed = case.fixed(entry, name)
            if fixed is not None:
                self.given[name] = np.array(fixed, nnc.DTYPES[description.tensor.dtype])
            elif nnc.DTYPES[description.tensor.dtype].kind == "i":
                self.given[name] = rng.integers(description.range_min, description.range_max + 1, shape)
            else:
                self.given[name] = case.draw(entry, name, shape, rng)
        for name, tensor in parameters.items():
            fixed = case.fixed(entry, name) if name in gradients else None
            self.variables[name] = (case.draw_parameter(entry, tuple(tensor.shape[: tensor.rank]), rng)
                                    if fixed is None else np.array(fixed))
        self.differentiated = [n for n in gradients if n in self.given] + [n for n in gradients if n in self.variables]
        self.settings = case.settings(entry)

    def values(self, name):
        return self.given[name] if name in self.given else self.variables[name]

    def evaluate(self, instance, entry, directions=None, step=0.0, **settings):
        moved = {}
        for name, direction in (directions or {}).items():
            moved[name] = self.values(name) + step * direction
        for name, value in self.variables.items():
            instance.variables[name][...] = moved.get(name, value)
        given = {n: moved.get(n, v) for n, v in self.given.items()}
        return instance.run(entry, **given, **self.settings, **settings)


def directional(point, instance, entry, directions):
    """The derivative of the loss along `directions` at each of the step sizes."""
    loss = lambda step: point.evaluate(instance, entry, directions, step)["loss"]  # noqa: E731
    central = lambda h: (loss(h) - loss(-h)) / (2 * h)  # noqa: E731
    return [(4 * central(h / 2) - central(h)) / 3 for h in STEPS]


def draw_directions(point, rng):
    """Each value alone, twice, and all of them together."""
    unit = lambda name: rng.standard_normal(np.shape(point.values(name)))  # noqa: E731
    alone = [{name: unit(name)} for name in point.differentiated for _ in range(2)]
    return alone + [{name: unit(name) for name in point.differentiated}]


def gradient_error(outputs, directions, differences):
    """The worst relative error over directions; for each the best of the step sizes counts. Relative to the derivative,
    or, where its terms cancel, to their root mean square's size."""
    worst = 0.0
    for direction, estimates in zip(directions, differences):
        terms = np.concatenate([np.ravel(outputs[name] * d) for name, d in direction.items()])
        derivative, size = float(np.sum(terms)), float(np.sqrt(np.sum(terms**2)))
        if not np.isfinite(derivative):
            return np.inf
        errors = [abs(derivative - e) / max(abs(e), size, 1e-6) for e in estimates if np.isfinite(e)]
        worst = max(worst, min(errors, default=np.inf))
    return worst


class CaseResult:
    def __init__(self):
        self.gradient, self.fast = 0.0, None
        # Whether each mutant is caught: by the names of its adjoint's switches, the row of its own, and the mutation.
        self.mutants = {}
        # Rows whose results influence no gradient.
        self.unread = {}
        # The entries that have these switches.
        self.entries = {}
        self.caught = self.excused = self.unbroken = 0
        # Of rows that are broken in another way than others, or that may survive.
        self.notes = {}
        self.failures = []


def compile_reference(model, options, directory, mutants):
    """The program for the reference; and with mutants what the switches of its entries are called, by entry."""
    if not mutants:
        return nnc.compile_model(model, directory=directory, target="reference", **options), None
    grad, switched = os.path.join(directory, "grad.mlir"), os.path.join(directory, "switched.mlir")
    run([NNC_OPT, model, "--phase=grad", f"--batch={options['batch']}", f"--entries={options['entries']}", "-o", grad])
    run([TEST_OPT, grad, "--nn-test-mutate-adjoints", "-o", switched])
    with open(switched) as file:
        functions = re.findall(r'func\.func .*?@"?([\w.-]+)\.mutants"?\(.*nn\.switches = \[(.*?)\]', file.read())
    switches = {entry: tuple(re.findall('"(.*?)"', names)) for entry, names in functions}
    return nnc.compile_model(switched, directory=directory, target="reference", **options), switches


def check(case, mutants, fast):
    result = CaseResult()
    for text, options in case.programs:
        with tempfile.TemporaryDirectory(prefix="nnc-gradient-") as directory:
            model = os.path.join(directory, "case.mlir")
            with open(model, "w") as file:
                file.write(text)
            try:
                program, switches = compile_reference(model, options, directory, mutants)
            except (nnc.CompileError, RuntimeError) as error:
                result.failures.append(f"does not compile for the reference: {error}")
                continue
            check_program(case, model, options, program, switches, result, fast)
    judge_mutants(result)
    return result


def judge_mutants(result):
    """What survives is a failure, unless the op's result is read by nothing."""
    for (switches, row, mutation), caught in result.mutants.items():
        form, op, *_ = switches[row].split()
        where = f"{op}, {row} of {len(switches) - 1} in {', '.join(result.entries[switches])}"
        if form == "even" and mutation != "zero":
            result.notes[switches, row] = f"doubled, since nothing tells it from its negative: {where}"
        if caught:
            result.caught += 1
        elif result.unread[switches, row]:
            result.excused += 1
            result.notes[switches, row] = f"excused, since no gradient reads it: {where}"
        else:
            result.failures.append(f"survives: {mutation} of {where}")


def check_program(case, model, options, program, switches, result, fast):
    instance = program.instance()
    points = {}
    for entry in [name for name in program.entries if not name.endswith(MUTANTS)]:
        rng = np.random.default_rng(zlib.crc32(f"{case.name} {entry}".encode()))
        point = points[entry] = Point(case, entry, program, rng)
        directions = draw_directions(point, rng)
        differences = [directional(point, instance, entry, d) for d in directions]
        error = gradient_error(point.evaluate(instance, entry), directions, differences)
        result.gradient = max(result.gradient, error)
        if not error <= GRADIENT_TOLERANCE:
            result.failures.append(f"{entry}: differs from finite differences by {error:.1e}")
        if switches is None:
            continue
        if not case.has_mutants(entry):
            result.unbroken += 1
        else:
            error = lambda values: gradient_error(values, directions, differences)  # noqa: E731
            check_mutants(point, instance, entry, switches[entry], error, result)
    if fast:
        check_fast(model, options, points, instance, result)


def check_mutants(point, instance, entry, switches, error, result):
    result.entries.setdefault(switches, []).append(entry)
    settings = np.tile([1.0, 0.0], (len(switches), 1))
    evaluate = lambda: point.evaluate(instance, entry + MUTANTS, switches=settings)  # noqa: E731
    whole = evaluate()
    if not error(whole) <= GRADIENT_TOLERANCE:
        result.failures.append(f"{entry}: differs from finite differences where no switch is set")
    *broken, probe = switches
    assert probe == "probe", switches
    for row, switch in enumerate(broken):
        form, _, *absorbed = switch.split()
        caught = {}
        for mutation, setting in MUTATIONS[form].items():
            settings[row] = setting
            caught[mutation] = error(evaluate()) > MUTANT_TOLERANCE
        # NaN survives all arithmetic that is not among what `absorbed` stands for.
        settings[row] = 1, np.nan
        settings[-1] = 1, 1
        unread = not any(caught.values()) and not absorbed and all(
            np.array_equal(whole[name], values) for name, values in evaluate().items() if name in point.differentiated)
        settings[row] = settings[-1] = 1, 0
        for mutation in caught:
            key = switches, row, mutation
            result.mutants[key] = result.mutants.get(key, False) or caught[mutation]
        result.unread[switches, row] = result.unread.get((switches, row), True) and unread


def check_fast(model, options, points, reference, result):
    try:
        # In a folder of its own: a library opened twice by one name is one library.
        fast = os.path.join(os.path.dirname(model), "fast")
        os.mkdir(fast)
        program = nnc.compile_model(model, directory=fast, **options)
    except (nnc.CompileError, RuntimeError) as error:
        result.failures.append(f"does not compile for the CPU: {error}")
        return
    instance = program.instance()
    for entry, point in points.items():
        expected, got = point.evaluate(reference, entry), point.evaluate(instance, entry)
        for name in point.differentiated:
            scale = np.max(np.abs(expected[name]), initial=1e-3)
            error = float(np.max(np.abs(expected[name] - got[name]), initial=0.0) / scale)
            result.fast = max(result.fast or 0.0, error)
            if not error <= FAST_TOLERANCE:
                result.failures.append(f"{entry}: the fast path's gradient of {name} is off by {error:.1e}")


def all_cases():
    return {"upstream": list(upstream.all_cases()), "layers": list(layer_families.every("gradient_cases"))}


def check_by_name(name, mutants, fast):
    """In a process of its own, for which a case is only a name."""
    case = next(c for cases in all_cases().values() for c in cases if c.name == name)
    # Mutants make values that are no numbers.
    np.seterr(invalid="ignore")
    return check(case, mutants, fast and case.fast)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name holds this text")
    parser.add_argument("--family", choices=list(all_cases()), help="upstream ops, or the nn dialect's layers")
    parser.add_argument("--no-mutants", action="store_true")
    parser.add_argument("--no-fast", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="print the cases and leave")
    arguments = parser.parse_args()
    families = all_cases()
    cases = families[arguments.family] if arguments.family else sum(families.values(), [])
    cases = [c for c in cases if arguments.only in c.name]
    if arguments.list:
        print("\n".join(c.name for c in cases))
        return 0
    start, failed, shapes, caught, excused, unbroken = time.time(), 0, 0, 0, 0, 0
    print(f"{'case':<48}{'shapes':>7}{'gradient':>10}{'f32':>10}{'mutants':>9}{'excused':>9}")
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        work = [(c.name, not arguments.no_mutants, not arguments.no_fast) for c in cases]
        for case, result in zip(cases, pool.map(check_by_name, *zip(*work)) if work else []):
            shapes, caught, excused = shapes + case.shapes, caught + result.caught, excused + result.excused
            unbroken += result.unbroken
            f32 = "-" if result.fast is None else f"{result.fast:.1e}"
            print(f"{case.name:<48}{case.shapes:>7}{result.gradient:>10.1e}{f32:>10}{result.caught:>9}"
                  f"{result.excused:>9}{'' if not result.failures else '  FAILED'}", flush=True)
            for line in result.failures + list(result.notes.values()):
                print("    " + line.replace("\n", "\n      "), flush=True)
            failed += bool(result.failures)
    print(f"{len(cases) - failed} of {len(cases)} cases hold: {shapes} shapes, {caught} mutants caught, {excused} excused, "
          f"{unbroken} shapes not broken, {time.time() - start:.0f} s")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
