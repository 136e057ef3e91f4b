"""Reports of one model for a GPU with products of f32, tf32 and bf16: the work is the same, what tensor cores do of it is all
products large enough, and each launch takes as long as the slowest of arithmetic, tensor cores and memory."""

import json
import sys


def read(path):
    with open(path) as file:
        return json.load(file)


def close(a, b):
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b))


plain, *rounded = (read(path) for path in sys.argv[1:])
assert "matmul_precision" not in plain and not any("tensor_flops" in kernel for kernel in plain["steps"][0]["kernels"])
for report, precision in zip(rounded, ("tf32", "bf16"), strict=True):
    assert report["matmul_precision"] == precision
    step, device = report["steps"][0], report["device"]
    assert step["total"]["flops"] == plain["steps"][0]["total"]["flops"]
    products = sum(kernel.get("tensor_flops", 0) for kernel in step["kernels"])
    # All of the model's products are large.
    assert products == 2 * sum(step["total"]["multiply_adds"].values()), (products, step["total"]["multiply_adds"])
    for kernel in step["kernels"]:
        of_tensor_cores = kernel.get("tensor_flops", 0)
        least = max((kernel["flops"] - of_tensor_cores) / device["flops"], of_tensor_cores / device[f"{precision}_flops"],
                    kernel["bytes"] / device["bytes_per_second"])
        assert close(kernel["seconds"], least), kernel
assert rounded[1]["steps"][0]["total"]["seconds"] < plain["steps"][0]["total"]["seconds"]
