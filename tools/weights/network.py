"""The layers of a model file that have weights, as nnc says them: kinds from its report, parameters from the phase `params`."""

import json
import os
import re
import shutil
import subprocess

import numpy as np

from weights.errors import WeightsError
from weights.layers import KINDS

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARIABLE = re.compile(r'^\s*nn\.variable @(?:"([^"]*)"|([^\s"]+)) : tensor<((?:\d+x)*)(\w+)>', re.MULTILINE)

TYPES = {"f32": np.float32, "f64": np.float64}


class Layer:
    def __init__(self, path, kind):
        self.path, self.kind = path, kind
        self.name = path.rsplit(".", 1)[-1]
        self.shapes = {}  # by the parameter's name, in nnc's order
        self.types = {}  # numpy's

    @property
    def conversion(self):
        return KINDS[self.kind]

    @property
    def is_named(self):
        """Whether the model file names it; else it has the name of its kind and a number."""
        return not re.fullmatch(rf"{re.escape(self.kind)}(_\d+)?", self.name)


def nnc_opt():
    build = os.environ.get("NNC_BUILD", os.path.join(ROOT, "build", "release"))
    named = os.environ.get("NNC_OPT")
    candidate = named or os.path.join(build, "bin", "nnc-opt")
    found = shutil.which(candidate) or (None if named else shutil.which("nnc-opt"))
    if not found:
        raise WeightsError(f"there is no {candidate}; tools/setup builds it, $NNC_OPT names another")
    return found


def ask(model, option):
    result = subprocess.run([nnc_opt(), model, option], capture_output=True, text=True)
    if result.returncode != 0:
        raise WeightsError(result.stderr.strip() or f"{model}: nnc-opt left with {result.returncode}")
    return result.stdout


def read_layers(model):
    """The layers with weights of all models of a file, each once, in the order of the file."""
    layers = {}
    for summary in json.loads(ask(model, "--nn-report=json"))["models"]:
        for layer in summary["layers"]:
            if layer["kind"] != "model":
                layers.setdefault(layer["path"], Layer(layer["path"], layer["kind"]))
    for quoted, plain, sizes, element in VARIABLE.findall(ask(model, "--phase=params")):
        name = quoted or plain
        path, parameter = name.rsplit(".", 1)
        layer = layers.get(path)
        if layer is None or layer.kind not in KINDS:
            what = f"a layer of kind {layer.kind}" if layer else "no layer that nnc's report names"
            raise WeightsError(f"{model}: '{name}' belongs to {what}; weights are converted of {', '.join(KINDS)}")
        layer.shapes[parameter] = tuple(int(size) for size in sizes.split("x") if size)
        layer.types[parameter] = TYPES[element]
    found = [layer for layer in layers.values() if layer.shapes]
    if not found:
        raise WeightsError(f"{model}: has no layer with weights")
    return found
