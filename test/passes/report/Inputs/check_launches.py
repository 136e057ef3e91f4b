"""Checks a report of a program for a GPU: layers' operations, bytes and seconds add up to those of its launches."""

import json
import math
import sys

with open(sys.argv[1]) as file:
    report = json.load(file)
assert report["target"] == "cuda", report["target"]
for step in report["steps"]:
    kernels, layers = step["kernels"], step["layers"]
    assert kernels and all(kernel["threads"] % 32 == 0 and kernel["shared_bytes"] >= 0 for kernel in kernels)
    assert len({kernel["name"] for kernel in kernels}) == len(kernels)
    assert sum(kernel["flops"] for kernel in kernels) == sum(layer["flops"]["total"] for layer in layers)
    assert sum(kernel["bytes"] for kernel in kernels) == sum(layer["bytes"] for layer in layers)
    assert math.isclose(sum(k["seconds"] for k in kernels), sum(l["seconds"] for l in layers), rel_tol=1e-9)
    assert max(k["shared_bytes"] for k in kernels) == max(l["memory"]["scratch"] for l in layers)
    # Of each parameter there is an update, and of each layer the products that it says.
    work = {layer["path"]: layer for layer in layers if "path" in layer}
    assert all(layer["flops"]["update"] > 0 for layer in work.values() if layer["memory"]["parameters"])
    for layer in work.values():
        assert layer["flops"]["forward"] >= 2 * layer["multiply_adds"]["forward"], layer
        assert layer["flops"]["backward"] >= 2 * layer["multiply_adds"]["backward"], layer
