"""Compares the floating-point operations that a profiled program's kernels claim with those of the network's products
(benchmarks/networks.py), and the bytes of some kernels with their buffers'."""

import os
import tempfile

from networks import Network
from nnc_program import SOURCE_DIR, compile_model


def kernels_of(network, **options):
    """The kernels of a training step, by name."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "model.mlir")
        with open(path, "w") as file:
            file.write(network.model(SOURCE_DIR))
        program = compile_model(path, batch=network.batch, options=["--profile"], **options)
    entry = program.entry("fit.train")
    return {entry.kernels[i].name.decode(): entry.kernels[i] for i in range(entry.kernel_count)}


def check(condition, message):
    if not condition:
        raise SystemExit(message)


# The smaller the batch, the more of a step is the optimiser's.
for name, most in (("mlp:32", 1.2), ("mlp:7", 1.5), ("flagship:64:32:128", 1.2)):
    network = Network(name)
    for target in ({"march": "x86-64-v3"}, {"march": "x86-64-v4"}, {"march": "x86-64"}, {"target": "reference"}):
        kernels = kernels_of(network, **target)
        ratio = sum(kernel.flops for kernel in kernels.values()) / (2 * network.multiply_adds())
        print(name, target, f"{ratio:.3f}")
        check(1 <= ratio <= most, f"{name} for {target}: operations are {ratio:.3f} times the products'")
        check(all(kernel.tasks >= 1 and kernel.bytes >= 0 for kernel in kernels.values()), f"{name}: impossible kernels")

kernels = kernels_of(Network("flagship:64:32:128"))
# Whether a kernel that copies the weights stands before it is the schedule's to choose.
products = [kernel for name, kernel in kernels.items()
            if name.startswith("classifier.lstm.forward.") and kernel.flops == 2 * 64 * 32 * 128 * 512]
check(len(products) == 1, "the product with all steps' inputs is not one product")
product, = products
# Reads the sequence and the weights, writes the gates.
check(product.bytes == 4 * (64 * 32 * 128 + 128 * 512 + 64 * 32 * 512), f"it moves {product.bytes} bytes")
lookup = kernels["classifier.embedding.forward.0"]
check(lookup.flops == 0, "a look-up computes")
# Reads token ids and as many rows, whatever the vocabulary; writes them.
check(lookup.bytes == 4 * (64 * 32 + 2 * 64 * 32 * 128), f"the look-up moves {lookup.bytes} bytes")
check(product.layer == b"classifier.lstm" and product.stage == b"forward", "the product has lost its layer")
check(product.location.endswith(b"model.mlir:8:9"), f"the product has lost its place: {product.location}")
# Each layer's gradient and update are told apart, or named together where one kernel does both.
stages = {(kernel.layer.decode(), kernel.stage.decode()) for kernel in kernels.values()}
for layer in ("classifier.embedding", "classifier.lstm", "classifier.lstm_1", "classifier.dense"):
    for stage in ("forward", "backward", "update"):
        check((layer, stage) in stages, f"{layer} has no kernel of stage {stage}")
check(("classifier.lstm", "backward_update") in stages, "no kernel makes a gradient and uses it")
check(("", "forward") in stages and ("", "backward") in stages, "the loss is some layer's")
