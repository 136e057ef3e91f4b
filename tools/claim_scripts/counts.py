"""Claim counts: nnc-opt --nn-report counts the parameters, trainable and in total, that Keras counts.

- layers: at least 60, drawn from the families of test/layers/, each built in Keras by the family's own builder;
- models: every file of models/, its layers read line by line and each built in Keras; depth by both definitions beside;
- published: rows of params.csv, of the folder `shared` beside the checkout, where models/ has them (a line `// params.csv:
  MODEL, VARIANT`); the others, whose layers there are not yet, are listed;
- size: a stack of 100 dense layers with 10^11 parameters in total is reported, plan of its memory included, within 0.5 s and
  200 MB.

Parts are chosen by --only; --release draws ten times as many layers. Needs benchmarks/setup keras."""

import csv
import json
import math
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

from report import MODELS, NNC_OPT, ROOT, Table, arguments, finish, run

KERAS_PYTHON = os.path.join(ROOT, "build", "venv-keras", "bin", "python")
PUBLISHED = os.path.join(os.path.dirname(ROOT), "shared", "params.csv")
SEED, LAYERS = 7, 60
STACK, UNITS, MOST_SECONDS, MOST_MEGABYTES, ROUNDS = 100, 31623, 0.5, 200, 5


def read_report(path, text=None):
    """The models of a file's report."""
    return json.loads(run(NNC_OPT, path, "--nn-report=json", input=text).stdout)["models"]


def import_keras():
    """Keras, for which the claim starts once more where it was started without."""
    if not os.path.exists(KERAS_PYTHON):
        run(os.path.join(ROOT, "benchmarks", "setup"), "keras")
    if os.path.realpath(sys.prefix) != os.path.realpath(os.path.dirname(os.path.dirname(KERAS_PYTHON))):
        os.execv(KERAS_PYTHON, [KERAS_PYTHON, *sys.argv])
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import keras

    return keras


def count_of_keras(keras, layer, shape, trainable=True):
    """Trainable parameters and all of them, of a layer built on samples of a shape."""
    built = layer.keras(keras)
    built.trainable = trainable
    built.build((None, *shape))
    return sum(math.prod(weight.shape) for weight in built.trainable_weights), built.count_params()


# Layers


def check_layers(keras, count):
    """How many layers were compared, and by how much their counts differ."""
    import numpy as np

    from gradient_steps import batched
    from layer_families import draws
    from layer_family import Value

    random = np.random.default_rng(SEED)
    table = Table(("layer", 96), ("of a sample", 14), ("nnc", 14), ("Keras", 14), ("difference", 10))
    compared = difference = 0
    while compared < count:
        shape = tuple(int(extent) for extent in random.integers(1, 10, random.integers(1, 4)))
        value = Value("%x", shape) if random.random() < 0.7 else Value("%x", shape, "i32", 7)
        layer = random.choice(draws())(random, value, [])
        if layer is None or layer.keras is None:
            continue
        trainable = bool(random.random() < 0.8)
        line = layer.line if trainable else layer.line[:-1] + ", trainable = false}"
        text = f"""nn.model @m(%x: {batched(value.shape, value.element)}) -> {batched(layer.shape)} {{
  %y = {line}
  nn.return %y
}}
"""
        parameters = read_report("-", text)[0]["parameters"]
        ours = parameters["trainable"], parameters["total"]
        theirs = count_of_keras(keras, layer, shape, trainable)
        off = sum(abs(a - b) for a, b in zip(ours, theirs))
        table.row(line, shape, *("{} of {}".format(*each) for each in (ours, theirs)), off)
        compared, difference = compared + 1, difference + off
    return compared, difference


# Models


def read_value(text):
    if text in ("true", "false"):
        return text == "true"
    return int(text) if re.fullmatch(r"-?\d+", text) else text


def read_attributes(text):
    """`units = 3, return_sequences` as a dictionary; what has brackets of its own is left as text."""
    attributes = {}
    for part in re.findall(r"(?:[^,<\[]|<[^>]*>|\[[^\]]*\])+", text):
        name, _, value = part.partition("=")
        attributes[name.strip()] = read_value(value.strip()) if value else True
    return attributes


class ModelFile:
    """A model file's layers as it says them: the op, its first operand and its attributes, by line."""

    def __init__(self, path):
        with open(path) as file:
            self._text = file.read()
        self._lines = self._text.split("\n")

    def inputs(self, model):
        """Shape of a sample and element type of each input."""
        given = re.search(rf"nn\.model @{re.escape(model)}\((.*?)\) *->", self._text, re.DOTALL).group(1)
        return {name: (tuple(int(extent) for extent in re.findall(r"\d+", shape)), element)
                for name, shape, element in re.findall(r"(%\w+): tensor<\?((?:x\d+)*)x([a-z]\w*)>", given)}

    def layer(self, location):
        number = int(location.rsplit(":", 2)[1]) - 1
        statement = "\n".join(self._lines[number:])
        result, op, operand = re.match(r"\s*(%\w+)\s*=\s*nn\.(\w+)\s+(%\w+)", statement).groups()
        attributes = re.match(r"[^\n{]*\{(.*?)\}", statement, re.DOTALL)
        return result, op, operand, read_attributes(attributes.group(1)) if attributes else {}


def build_in_keras(keras, path, models):
    """Trainable and all parameters, by model, of the network that the file's lines say, built in Keras. `models`: their
    report, of which names, places and shapes of layers are read, and no count."""
    from layer_families import table
    from layer_family import Value

    readers, file, counts = table("READ"), ModelFile(path), {}
    for model in models:
        shapes, total = file.inputs(model["name"]), [0, 0]
        for row in model["layers"]:
            if row["kind"] == "model":
                finish(False, f"{path}: calls of models within models are not translated to Keras")
            result, op, operand, attributes = file.layer(row["location"])
            shape, element = shapes[operand]
            if op in readers:
                layer = readers[op](Value(operand, shape, element), attributes)
                counted = count_of_keras(keras, layer, shape, attributes.get("trainable", True))
                total = [a + b for a, b in zip(total, counted)]
            elif row["parameters"]["total"]:
                finish(False, f"nn.{op} has parameters, and no file of test/layers/ has it in READ")
            shapes[result] = (tuple(int(extent) for extent in re.findall(r"\d+", row["output_shapes"][0])), "f32")
        counts[model["name"]] = tuple(total)
    return counts


def check_models(keras):
    table = Table(("file", 24), ("model", 16), ("nnc", 24), ("Keras", 24), ("difference", 10), ("depth", 5),
                  ("longest path", 12))
    compared = difference = 0
    for name in sorted(os.listdir(MODELS)):
        if not name.endswith(".mlir"):
            continue
        path = os.path.join(MODELS, name)
        models = read_report(path)
        theirs = build_in_keras(keras, path, models)
        for model in models:
            ours = model["parameters"]["trainable"], model["parameters"]["total"]
            off = sum(abs(a - b) for a, b in zip(ours, theirs[model["name"]]))
            table.row(name, model["name"], *("{} of {}".format(*each) for each in (ours, theirs[model["name"]])), off,
                      model["depth"], model["longest_path"])
            compared, difference = compared + 1, difference + off
    return compared, difference


# Published


def check_published():
    """How many published networks are in models/, how many are not, and by how much the counts differ."""
    if not os.path.exists(PUBLISHED):
        print(f"there is no {PUBLISHED}")
        return 0, 0, 0
    files = {}
    for name in os.listdir(MODELS):
        path = os.path.join(MODELS, name)
        if name.endswith(".mlir"):
            with open(path) as file:
                files |= {named.strip(): path for named in re.findall(r"^// params\.csv: (.*)$", file.read(), re.MULTILINE)}
    table = Table(("published", 64), ("trainable, total", 28), ("nnc", 28))
    compared = difference = waiting = 0
    with open(PUBLISHED, newline="") as file:
        for row in csv.DictReader(file):
            name = f"{row['model']}, {row['variant']}"
            published = int(row["params_trainable"]), int(row["params_total"])
            ours = "waits for its layers"
            if name in files:
                parameters = read_report(files[name])[0]["parameters"]
                ours = parameters["trainable"], parameters["total"]
                compared, difference = compared + 1, difference + sum(abs(a - b) for a, b in zip(published, ours))
            else:
                waiting += 1
            table.row(name, published, ours)
    return compared, difference, waiting


# Size


def stack():
    """A model file with a stack of equal dense layers."""
    size = f"tensor<?x{UNITS}xf32>"
    layers = "".join(f"  %h{i + 1} = nn.dense %h{i} {{units = {UNITS}, activation = relu}}\n" for i in range(STACK))
    return f"""nn.model @stack(%h0: {size}) -> {size} {{
{layers}  nn.return %h{STACK}
}}
nn.step @fit(%x: {size}, %target: {size}) {{
  %y = nn.call @stack(%x) : {size}
  %loss = nn.mean_squared_error %y, %target
  nn.minimize %loss over [@stack] with #nn.adam
}}
"""


def check_size():
    """Parameters, seconds (median) and most megabytes of the stack's report."""
    seconds, megabytes = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "stack.mlir")
        with open(path, "w") as file:
            file.write(stack())
        parameters = read_report(path)[0]["parameters"]["total"]
        for _ in range(ROUNDS):
            start = time.perf_counter()
            process = subprocess.Popen([NNC_OPT, path, "--nn-report"], stdout=subprocess.DEVNULL)
            _, status, usage = os.wait4(process.pid, 0)
            seconds.append(time.perf_counter() - start)
            megabytes.append(usage.ru_maxrss / 1000)
            if status:
                finish(False, f"nnc-opt --nn-report of the stack left with {status}")
    print(f"{STACK} dense layers of {UNITS} units, {parameters} parameters: report in {min(seconds):.2f} to {max(seconds):.2f} s, "
          f"{max(megabytes):.0f} MB", flush=True)
    return parameters, statistics.median(seconds), max(megabytes)


def main():
    options = arguments(__doc__, only="the parts whose name holds this text: layers, models, published, size")
    holds, said = [], []
    # Before Keras makes this process large: until a process started from it has its own memory, that counts as its.
    if options.only in "size":
        parameters, seconds, megabytes = check_size()
        holds.append(parameters >= 1e11 and seconds <= MOST_SECONDS and megabytes <= MOST_MEGABYTES)
        said.append(f"{parameters} parameters reported in {seconds:.2f} s (at most {MOST_SECONDS}) and {megabytes:.0f} MB (at "
                    f"most {MOST_MEGABYTES})")
    if options.only in "layers":
        compared, difference = check_layers(import_keras(), LAYERS * (10 if options.release else 1))
        holds.append(difference == 0)
        said.append(f"{compared} layers off by {difference}")
    if options.only in "models":
        compared, difference = check_models(import_keras())
        holds.append(difference == 0 and compared > 0)
        said.append(f"{compared} models off by {difference}")
    if options.only in "published":
        compared, difference, waiting = check_published()
        holds.append(difference == 0)
        said.append(f"{compared} published networks off by {difference}, {waiting} wait for their layers")
    finish(bool(holds) and all(holds), "; ".join(said))


if __name__ == "__main__":
    main()
