"""Claim verifier-matrix: every op of the dialect with every operand's type, rank and size, every attribute and every count
of operands changed ends in an error that names the place and the op, or compiles to an object with all entry points. None
ends in a signal, does not end, or is refused by something below the dialect."""

import collections
import concurrent.futures
import os
import re
import resource
import signal
import subprocess
import tempfile

import op_mutants
from report import NNC_OPT, Table, arguments, finish

JOBS = os.cpu_count()
# Mutants for one run of the verifier; how many of an op's that verify are compiled in the small size; seconds for a run.
TOGETHER, COMPILED, PATIENCE = 150, 5, 60
BELOW = re.compile(r"['\"](?:linalg|tensor|memref|llvm|arith|scf|vector|math|bufferization|cf|affine|ub|index)\.\w+"
                   r"|failed to legalize|pass manager|LLVM ERROR|Assertion|unrealized_conversion")
SEPARATOR = "// -----\n"
# Stands last, to see that a run came to the end of its input: a shape that cannot be counted stops all of it.
LAST = '"nn.nonsense"() : () -> ()\n'
UNCOUNTABLE = re.compile(r"\d{10,}x")
# A model with something to train beside the op under test.
BASE = """
nn.model @base(%w: tensor<?x3x{0}>) -> tensor<?x2x{0}> {{
  %q = nn.dense %w {{units = 2}}
  nn.return %q
}}
"""


def make_step(element, inputs="", body="", minimized="%base_loss over [@base]"):
    """A step that trains @base; with further inputs, and lines before the last one."""
    return f"""nn.step @fit(%w: tensor<?x3x{element}>, %base_goal: tensor<?x2x{element}>{inputs}) {{
  %base = nn.call @base(%w) : tensor<?x2x{element}>
  %base_loss = nn.mean_squared_error %base, %base_goal
{body}  nn.minimize {minimized} with #nn.sgd
}}
"""


def run(text, *options, folder):
    """(exit status or None where it does not end, standard output, standard error)"""
    file, path = tempfile.mkstemp(".mlir", dir=folder)
    with os.fdopen(file, "w") as stream:
        stream.write(text)
    try:
        # Time of the processor, not of a clock: the machine may be busy.
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 1))  # noqa: E731
        result = subprocess.run([NNC_OPT, path, *options], capture_output=True, text=True, errors="replace",
                                preexec_fn=limit)
        status = None if result.returncode == -signal.SIGXCPU else result.returncode
        return status, result.stdout, result.stderr.replace(path, "FILE")
    finally:
        os.unlink(path)


HEAD = re.compile(r"\s*(func\.func|nn\.model|nn\.step) ")


def find_fault(op, text, status, message):
    """What is wrong with how a run on `text`, of a mutant of `op`, ended, or ""."""
    if status is None:
        return "does not end"
    if status < 0 or status > 1 or "Stack dump" in message:
        return f"ends with {status}"
    if status == 0:
        return ""
    errors = re.findall(r"^.*\berror: .*$", message, re.MULTILINE)
    if not errors:
        return "fails without an error"
    place = re.match(r"FILE:(\d+):\d+: error: ", errors[0])
    if not place:
        return f"has no place: {errors[0]}"
    if below := BELOW.search(message):
        return f"comes from below the dialect ({below[0]}): {errors[0]}"
    # An nn op or the one changed, by words or by its place; what is given is wrong in the head of a function or model.
    number = int(place[1])
    line = (text.splitlines() + [""])[number - 1]
    start, end = op_mutants.find_statement(text, op) or (0, 0)
    inside = text.count("\n", 0, start) < number <= text.count("\n", 0, end) + 1
    if not re.search(r"\bnn\.|@example", errors[0]) and "nn." not in line and not HEAD.match(line) and not inside:
        return f"does not name an op: {errors[0]}"
    return ""


def verify(mutants, folder):
    """Of each mutant (status, message); those of one process, or of smaller ones where it ends otherwise than it should."""
    if len(mutants) == 1:
        status, _, message = run(mutants[0].text, folder=folder)
        return [(status, message)]
    text, starts = "", []
    for mutant in mutants:
        starts.append(text.count("\n") + 1)
        text += mutant.text.rstrip("\n") + "\n" + SEPARATOR
    last = text.count("\n") + 1
    status, _, message = run(text + LAST, "--split-input-file", folder=folder)
    if status == 1 and f"FILE:{last}:" in message:
        parts, place = collections.defaultdict(str), 0
        for piece in re.split(r"^(?=FILE:\d+:\d+: )", message, flags=re.MULTILINE):
            if found := re.match(r"FILE:(\d+):", piece):
                place = max(index for index, start in enumerate([*starts, last]) if start <= int(found[1]))
                line = int(found[1]) - [*starts, last][place] + 1
                piece = piece.replace(f"FILE:{found[1]}:", f"FILE:{line}:", 1)
            parts[place] += piece
        return [(1 if parts[index].strip() else 0, parts[index]) for index in range(len(mutants))]
    middle = len(mutants) // 2
    return verify(mutants[:middle], folder) + verify(mutants[middle:], folder)


def verify_all(mutants, pool, folder):
    alone = [index for index, mutant in enumerate(mutants) if UNCOUNTABLE.search(mutant.text)]
    others = sorted(set(range(len(mutants))) - set(alone))
    groups = [[index] for index in alone] + [others[start:start + TOGETHER] for start in range(0, len(others), TOGETHER)]
    outcomes = {}
    for group, found in zip(groups, pool.map(lambda group: verify([mutants[index] for index in group], folder), groups)):
        outcomes.update(zip(group, found))
    return [outcomes[index] for index in range(len(mutants))]


FUNCTION = re.compile(r"(.*)func\.func @example\((.*?)\) \{\n(.*)\nreturn\n\}", re.DOTALL)


def make_program(mutant, folder):
    """A file with entry points that has the mutant's statement; None where the op has a place in none."""
    function = FUNCTION.fullmatch(mutant.text)
    if not function:
        if re.search(r"^(module|func\.func) ", mutant.text, re.MULTILINE):
            return None
        # Variables alone: beside a step, so that they are laid out and initialised.
        has_model = re.search(r"^nn\.(model|step) ", mutant.text, re.MULTILINE)
        return mutant.text if has_model else mutant.text + BASE.format("f32") + make_step("f32")
    prefix, given, body = function.groups()
    status, printed, _ = run(mutant.text, "--mlir-print-op-generic", folder=folder)
    types = re.findall(rf'"{mutant.op}"\(.* : \(.*\) -> \(?(\S+?[>\w])(?=[,)]|$)', printed, re.MULTILINE)
    result = re.search(rf"%(\w+)(:\d+)?(?:, %\w+(?::\d+)?)* = {mutant.op}\b", body)
    if status != 0 or not types or not result:
        return None
    # Of several results the first.
    result, of_type, names = f"%{result[1]}{'#0' if result[2] else ''}", types[0], re.findall(r"(%\w+): ", given)
    if "?" in given:
        return make_model(prefix, given, names, body, result, of_type)
    if not of_type.startswith("tensor") or re.search(r": (?!tensor|[fi](32|64)\b)", given):
        return None
    # A scalar lies in a tensor, as an entry takes it.
    scalars = re.findall(r"%(\w+): ([fi]\d+)\b", given)
    taken = "".join(f"%{name} = tensor.extract %{name}.given[] : tensor<{of}>\n" for name, of in scalars)
    given = re.sub(r"%(\w+): ([fi]\d+)\b", r"%\1.given: tensor<\2>", given)
    inputs = re.sub(r"%([\w.]+): (tensor<[^>]*>)", r'%\1: \2 {nn.input = "\1", nn.input_role = "data"}', given)
    return f"""module attributes {{nn.phase = "params"}} {{
{prefix}func.func private @example({inputs}) -> ({of_type} {{nn.output = "result", nn.output_role = "prediction"}})
    attributes {{nn.entry = "predict", nn.symbol = "example", nn.batch = 1 : i64}} {{
{taken}{body}
return {result} : {of_type}
}}
}}
"""


def make_model(prefix, given, names, body, result, of_type):
    """A scalar is a metric of the step, a float tensor the result of a model that is trained, another that of one that is
    not."""
    element = "f64" if of_type.endswith("f64>") else "f32"
    base = prefix + BASE.format(element)
    if re.fullmatch(r"tensor<f\d+>", of_type):
        return base + make_step(element, f", {given}", f'{body}\n  nn.metric "example" {result}\n')
    model = f"nn.model @example({given}) -> {of_type} {{\n{body}\nnn.return {result}\n}}\n"
    if not re.fullmatch(r"tensor<.*f\d+>", of_type):
        return base + model + make_step(element, f", {given}")
    own = f"""  %result = nn.call @example({', '.join(names)}) : {of_type}
  %own_loss = nn.mean_squared_error %result, %goal
  %both = nn.add %base_loss, %own_loss
"""
    return base + model + make_step(element, f", {given}, %goal: {of_type}", own, "%both over [@base, @example]")


def compile_program(mutant, folder):
    """(status, message, text) of compiling all entry points; no text where there is nothing to compile."""
    text = make_program(mutant, folder)
    if text is None:
        return 0, "", None
    status, _, message = run(text, "--phase=binary", "--batch=3", "--entries=init,train,evaluate,predict,gradient",
                             "-o", os.devnull, folder=folder)
    return status, message, text


def choose_example(op, folder):
    """The first that compiles, or verifies where no program has the op; None without any."""
    verified = None
    for text in op.examples:
        mutant = op_mutants.Mutant(op.name, "none", text)
        if verify([mutant], folder)[0][0] == 0:
            status, _, program = compile_program(mutant, folder)
            if program and status == 0:
                return text
            verified = verified or text
    return verified


def spread(items, count):
    """So many of them, evenly."""
    return items if len(items) <= count else [items[index * len(items) // count] for index in range(count)]


def main():
    options = arguments(__doc__, only="the op of this name only")
    table = Table(("op", 38), ("mutants", 7), ("errors", 6), ("verified", 8), ("compiled", 8), ("violations", 10))
    totals, faults, bare = collections.Counter(), 0, []
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool, tempfile.TemporaryDirectory() as folder:
        for op in op_mutants.read_ops():
            if options.only not in ("", op.name):
                continue
            example = choose_example(op, folder)
            mutants = list({one.text: one for one in op.mutants(example)}.values()) if example else []
            if not mutants:
                bare.append(op.name)
            outcomes = verify_all(mutants, pool, folder)
            count = collections.Counter(mutants=len(mutants))
            found = []
            for mutant, (status, message) in zip(mutants, outcomes):
                fault = find_fault(mutant.op, mutant.text, status, message)
                if fault:
                    found.append((mutant, fault, mutant.text))
                elif status:
                    count["errors"] += 1
            good = [mutant for mutant, (status, _) in zip(mutants, outcomes) if status == 0]
            chosen = good if options.release else spread(good, COMPILED)
            for mutant, (status, message, text) in zip(chosen, pool.map(lambda one: compile_program(one, folder), chosen)):
                if text is None:
                    count["verified"] += 1
                elif fault := find_fault(mutant.op, text, status, message):
                    found.append((mutant, fault, text))
                else:
                    count["errors" if status else "compiled"] += 1
            count["verified"] += len(good) - len(chosen)
            count["violations"] = len(found)
            for mutant, fault, text in found:
                print(f"{mutant.op}, {mutant.change}: {fault}\n{text}", flush=True)
            faults += len(found)
            totals += count
            table.row(op.name, *(count[key] for key in ("mutants", "errors", "verified", "compiled", "violations")))
    if bare:
        print("without an example:", ", ".join(bare))
    finish(not faults and not bare, f"{faults} of {totals['mutants']} mutants without a clear error or an object; "
                                    f"{len(bare)} ops without an example")


if __name__ == "__main__":
    main()
