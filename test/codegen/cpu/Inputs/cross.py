"""Cross-compiles a product and a reduction to objects of other processors."""

import os
import subprocess
import sys
import tempfile

from kernels import to_object

TEXT = """
func.func @product(%a: memref<37x70xf32>, %b: memref<70x45xf32>, %c: memref<37x45xf32>, %y: memref<37xf32>) {
  linalg.matmul ins(%a, %b : memref<37x70xf32>, memref<70x45xf32>) outs(%c : memref<37x45xf32>)
  linalg.reduce ins(%c : memref<37x45xf32>) outs(%y : memref<37xf32>) dimensions = [1]
    (%x: f32, %sum: f32) {
      %s = arith.addf %x, %sum : f32
      linalg.yield %s : f32
    }
  return
}
"""

for march, options in (
    ("x86-64", ["-mcpu=x86-64"]),
    ("x86-64-v4", ["-mcpu=x86-64-v4"]),
    ("cortex-a72", ["-mtriple=aarch64-linux-gnu", "-mcpu=cortex-a72"]),
):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "product.o")
        to_object(TEXT, march, path, *options)
        nm = subprocess.run(["/usr/lib/llvm-22/bin/llvm-nm", "-u", path], capture_output=True, text=True, check=True)
        print(march, "calls", *sorted(set(nm.stdout.split()) - {"U", "malloc", "free", "_GLOBAL_OFFSET_TABLE_"}))
