"""Every op of the dialect, with an example, and wrong (or just other) forms of it.

    for op in read_ops():                   # as the build's reference of ops, dialect/ops.md, has them
        for mutant in op.mutants(example):  # one of op.examples; each a file for nnc-opt, and what was done to it

Ops, attributes and operands come from the descriptions of the dialect; examples too, or else from a test that has the op.
An example becomes a function (or is a file of models and steps); what is changed is its arguments' types, and the op's
statement in it: attributes and operands."""

import dataclasses
import glob
import os
import re

import doc_examples
from nnc_program import BUILD_DIR, SOURCE_DIR

# Of an op.
MOST_EXAMPLES = 4
HUGE = [2147483648, 4611686018427387904, 9223372036854775807]
ELEMENTS = ["i1", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "index", "complex<f32>"]
OTHER_TYPES = ["tensor<*xf32>", "f32", "i64", "index", "none", "vector<4xf32>", "memref<4xf32>", "tuple<>",
               'tensor<?x4xf32, "encoding">', "tensor<?x?x?x?xf32>", "tensor<0x0xf32>"]
ATTRIBUTES = ["0", "-1", "1", "3", *map(str, HUGE), "-9223372036854775808", "99999999999999999999", "0.0", "-0.5", "0.5",
              "1.0", "1.0e39", "1.0e308", "0x7FF8000000000000 : f64", "0x7FF0000000000000 : f64", "0.5 : f32", "3 : i8",
              "3 : index", "true", "false", "unit", "nonsense", '""', '"two words"', '"\\00"', "[]", "[1, 2]", "[0, -1]",
              "[-1, -1]", "[4611686018427387904, 4]", "[nonsense]", "{a = 1}", "f32", "@symbol", "dense<1.0> : tensor<2xf32>",
              "array<i64: 1, -1>", "#nn.zeros", "#nn.l2<0.1>", "#nn.sgd", "#nn.adam<lr = -1.0>", "#nn.lstm_cell",
              "#nn.constant<0x7FC00000>"]


@dataclasses.dataclass
class Mutant:
    op: str
    change: str
    text: str


def types_like(of_type):
    """Other types than that of an operand: element types, ranks, sizes."""
    match = re.fullmatch(r"tensor<((?:[?\d]+x)*)(.+)>", of_type)
    if not match:
        return [other for other in ["tensor<f32>", "tensor<?x4xf32>", *ELEMENTS, *OTHER_TYPES] if other != of_type]
    sizes, element = match[1].rstrip("x").split("x") if match[1] else [], match[2]
    make = lambda sizes, element=element: f"tensor<{''.join(f'{size}x' for size in sizes)}{element}>"  # noqa: E731
    types = [make(sizes, other) for other in ELEMENTS]
    types += [make(sizes[:rank] + ["4"] * (rank - len(sizes))) for rank in (0, 1, 2, 3, 4, 5, 9)]
    for place in range(len(sizes)):
        for size in ["?", "0", "1", "7", "1000003", *map(str, HUGE)]:
            types.append(make([*sizes[:place], size, *sizes[place + 1:]]))
    return [other for other in dict.fromkeys(types + OTHER_TYPES) if other != of_type]


def find_close(text, start):
    """Past the bracket that closes the one at `start`."""
    depth = 0
    for place in range(start, len(text)):
        depth += (text[place] in "({[") - (text[place] in ")}]")
        if depth == 0:
            return place + 1
    return len(text)


def find_statement(text, op):
    """Where the first statement of an op begins and ends: with its line, or the deeper lines that follow."""
    match = re.search(rf"^([ \t]*)(?:%[\w:, %]+ = )?{re.escape(op)}(?![\w.])", text, re.MULTILINE)
    if not match:
        return None
    indent, end = len(match[1]), text.find("\n", match.end())
    if re.search(r"\{$", text[match.start():end]):
        return match.start(), end
    while end >= 0:
        line = re.match(r"\n([ \t]*)\S", text[end:])
        if not line or len(line[1]) <= indent:
            break
        end = text.find("\n", end + 1)
    return match.start(), len(text) if end < 0 else end


@dataclasses.dataclass
class Op:
    name: str
    attributes: list
    # Examples as files.
    examples: list

    def mutants(self, text):
        """Of an example; the first is what it is itself."""
        start, end = find_statement(text, self.name)
        statement = text[start:end]
        yield Mutant(self.name, "none", text)
        for change, changed in self._change_types(text, statement):
            yield Mutant(self.name, change, changed)
        for change, changed in [*self._change_operands(statement), *self._change_attributes(statement)]:
            yield Mutant(self.name, change, text[:start] + changed + text[end:])

    @staticmethod
    def _change_types(text, statement):
        used = set(re.findall(r"%(\w+)", statement.split(" = ", 1)[-1]))
        for match in re.finditer(r"%(\w+): ((?:tensor<[^>]*>)|\w+)(?=[,)])", text):
            if match[1] in used:
                for other in types_like(match[2]):
                    # What repeats types beside its operands repeats the new one.
                    changed = text[:match.start(2)] + other + text[match.end(2):]
                    yield f"%{match[1]}: {other}", changed
                    if match[2] in statement:
                        yield f"%{match[1]}: {other}, everywhere", text.replace(match[2], other)

    @staticmethod
    def _change_operands(statement):
        head = len(statement.split(" = ", 1)[0]) + 3 if " = " in statement.split("nn.")[0] else 0
        for match in re.finditer(r"(, )?%\w+", statement[head:]):
            start, end = head + match.start(), head + match.end()
            yield f"no {match[0]}", statement[:start] + statement[end:]
            yield f"{match[0]} twice", statement[:end] + ", " + match[0].removeprefix(", ") + statement[end:]
            yield f"{match[0]} that is not there", statement[:start] + (match[1] or "") + "%nowhere" + statement[end:]
            yield f"{match[0]}#1", statement[:end] + "#1" + statement[end:]
        for match in re.finditer(r" \w+\(", statement[head:]):
            start = head + match.start()
            close = find_close(statement, head + match.end() - 1)
            yield f"no{match[0]}...)", statement[:start] + statement[close:]
            yield f"{match[0]}...) twice", statement[:close] + statement[start:close] + statement[close:]
        for match in re.finditer(r"@[\w.]+", statement):
            for name in ("@nowhere", '@""', '@"two words"'):
                yield f"{name} for {match[0]}", statement[:match.start()] + name + statement[match.end():]
        for match in re.finditer(r"#nn\.\w+(<[^>]*>)?", statement):
            for other in ("#nn.nonsense", "#nn.sgd", "#nn.zeros", "#nn.l2<0.1>", "#nn.lstm_cell", "3", '"word"',
                          "#nn.sgd<lr = -1.0>", "#nn.sgd<nonsense = 1>", "#nn.sgd<lr = 0x7FF8000000000000>",
                          "#nn.adam<beta_1 = 2.0>", "#nn.rmsprop<rho = -1.0>", "#nn.sgd<clipnorm = 0.0>",
                          "#nn.sgd<clipvalue = 1.0, clipnorm = 1.0>", "#nn.simple_rnn_cell<activation = nonsense>"):
                yield f"{other} for {match[0]}", statement[:match.start()] + other + statement[match.end():]

    def _change_attributes(self, statement):
        """Of the dictionary at the end, or before the types, of the statement."""
        match = re.search(r" \{([^{}]*)\}(?=$|\s*:)", statement)
        if match:
            start, end, given = match.start(), match.end(), match[1]
        else:
            colon = re.search(r"\s+: ", statement)
            start = end = colon.start() if colon else len(statement)
            given = ""
        if statement.endswith("{"):
            return
        parts, depth, part = [], 0, ""
        for letter in given:
            depth += (letter in "<[(") - (letter in ">])")
            if letter == "," and depth == 0:
                parts.append(part.strip())
                part = ""
            else:
                part += letter
        parts = [one for one in [*parts, part.strip()] if one]
        names = [part.split("=")[0].strip() for part in parts]

        def with_parts(changed):
            return statement[:start] + (f" {{{', '.join(changed)}}}" if changed else "") + statement[end:]

        for index, name in enumerate(names):
            yield f"no {name}", with_parts(parts[:index] + parts[index + 1:])
            yield f"{name} twice", with_parts([*parts, parts[index]])
        for name in dict.fromkeys([*self.attributes, *names]):
            others = [part for part, other in zip(parts, names) if other != name]
            for value in ATTRIBUTES:
                yield f"{name} = {value}", with_parts([*others, name if value == "unit" else f"{name} = {value}"])
        for unknown in ("nonsense = 1", "units_ = 3", "operandSegmentSizes = array<i32: 9, 9>", "nn.own = 1"):
            yield unknown, with_parts([*parts, unknown])


def find_examples(name, section):
    """The op's own; of one operand and nothing that must be said, the plain form; or what a test has."""
    for block in re.findall(r"```mlir\n(.*?)```", section, re.DOTALL):
        for part in doc_examples.parts(block):
            if find_statement(part, name):
                yield doc_examples.as_file(part, block)
    operands = re.findall(r"^\| `(\w+)` \| (.*) \|$", section.split("#### Operands:")[-1].split("#### Results:")[0], re.MULTILINE)
    if len(operands) == 1 and "ranked tensor" in operands[0][1] and "variadic" not in operands[0][1]:
        element = "f32" if "32-bit float" in operands[0][1] else "i32"
        yield f"func.func @example(%x: tensor<?x4x{element}>) {{\n%y = {name} %x\nreturn\n}}"
    for path in sorted(glob.glob(os.path.join(SOURCE_DIR, "test", "*", "*.mlir"))):
        if "invalid" not in path:
            with open(path, encoding="utf-8") as file:
                for chunk in file.read().split("// -----"):
                    if find_statement(chunk, name):
                        yield re.sub(r"^\s*//.*\n", "", chunk, flags=re.MULTILINE)


def read_ops():
    with open(os.path.join(BUILD_DIR, "dialect", "ops.md"), encoding="utf-8") as file:
        sections = re.split(r"^#+ (?=`nn\.)", file.read(), flags=re.MULTILINE)[1:]
    for section in sections:
        name = re.match(r"`(nn\.\w+)`", section)[1]
        attributes = re.findall(r"<tr><td><code>(\w+)</code>", section)
        yield Op(name, [one for one in attributes if one != "operandSegmentSizes"],
                 [example for example, _ in zip(find_examples(name, section), range(MOST_EXAMPLES))])
