"""Runs the examples of the documentation: each ```mlir block in the descriptions of ops and passes (.td) and in the pages
must parse and verify.

    doc_examples.py FILE...

A block is one or more parts, told apart by `// Before` and `// After`. A part that holds functions, models or steps is a
file as it stands; others are statements, put into a function (or a step, where they belong there) whose arguments are the
values they use. What a value is follows from its name (TYPES), or from a line `// %name: type` in the block.
"""

import os
import re
import subprocess
import sys

NNC_OPT = os.path.join(os.environ.get("NNC_BUILD", "build/release"), "bin", "nnc-opt")
TYPES = {
    "x": "tensor<?x784xf32>",
    "image": "tensor<?x784xf32>",
    "tokens": "tensor<?x64xi32>",
    "logits": "tensor<?x10xf32>",
    "probabilities": "tensor<?x10xf32>",
    "distribution": "tensor<?x10xf32>",
    "prediction": "tensor<?x10xf32>",
    "target": "tensor<?x10xf32>",
    "label": "tensor<?xi32>",
    "loss": "tensor<f32>",
    "accuracy": "tensor<f32>",
    "seed": "i64",
    "sample": "i64",
    "feature": "i64",
    "step": "i64",
    "stream": "i64",
}
CLASSIFIER = """
nn.model @classifier(%x: tensor<?x784xf32>) -> tensor<?x10xf32> {
  %y = nn.dense %x {units = 10}
  nn.return %y
}
"""
FILE_LEVEL = re.compile(r"^(module|func\.func|nn\.(model|step|variable)|#|!)", re.MULTILINE)
IN_STEP = re.compile(r"\bnn\.(minimize|metric)\b")


def blocks(path):
    """(line, text) of each example of a file, without its indentation."""
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    start = None
    for number, line in enumerate(lines, 1):
        if start is None and line.strip() == "```mlir":
            start, indent = number, len(line) - len(line.lstrip())
        elif start is not None and line.strip() == "```":
            yield start, "\n".join(text[indent:] for text in lines[start : number - 1])
            start = None


def parts(text):
    split = re.split(r"^\s*// (?:Before|After).*$", text, flags=re.MULTILINE)
    return [part for part in split if re.sub(r"//.*", "", part).strip()]


def as_file(part, block):
    """A part as something nnc-opt reads."""
    declared = dict(re.findall(r"^\s*// %(\w+): (.*)$", block, re.MULTILINE))
    if not FILE_LEVEL.search(part):
        code = re.sub(r"//.*", "", part)
        defined = set(re.findall(r"%(\w+)(?=[^=\n]*=)(?=(?::\d+)?(?:, %\w+(?::\d+)?)* = )", code))
        used = [name for name in dict.fromkeys(re.findall(r"%(\w+)", code)) if name not in defined]
        unknown = [name for name in used if name not in declared and name not in TYPES]
        if unknown:
            raise ValueError(f"what is %{unknown[0]}? Say so in the example: // %{unknown[0]}: tensor<...>")
        arguments = ", ".join(f"%{name}: {declared.get(name, TYPES.get(name))}" for name in used)
        if IN_STEP.search(code):
            data = ", ".join(f"%{name}: {TYPES[name]}" for name in ("x", "label"))
            loss = "" if "loss" not in used else "%y = nn.call @classifier(%x) : tensor<?x10xf32>\n" \
                "%loss = nn.sparse_categorical_crossentropy %y, %label {from_logits}\n"
            part = f"nn.step @example({data}) {{\n{loss}{part}\n}}"
        else:
            part = f"func.func @example({arguments}) {{\n{part}\nreturn\n}}"
    for name, of_type in set(re.findall(r"nn\.get_variable @([\w.]+) : (\S+)", part)):
        part = f"nn.variable @{name} : {of_type}\n{part}"
    needed = set(re.findall(r"@(\w+)\b(?!\.)", part)) - set(re.findall(r"(?:model|func|step|variable) @(\w+)", part))
    return "".join(CLASSIFIER.replace("@classifier", f"@{name}") for name in sorted(needed)) + part


def main():
    failed = count = 0
    for path in sys.argv[1:]:
        for line, block in blocks(path):
            for part in parts(block):
                count += 1
                try:
                    text = as_file(part, block)
                    result = subprocess.run([NNC_OPT, "-"], input=text, capture_output=True, text=True)
                    message = result.stderr if result.returncode else ""
                except ValueError as error:
                    message = str(error)
                if message:
                    failed += 1
                    print(f"{path}:{line}: the example does not hold: {message.strip()}")
    print(f"{count - failed} of {count} examples hold")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
