// RUN: not nnc-opt --phase=binary %s -o %t.o 2>&1 | FileCheck %s
// RUN: nnc-opt --phase=binary --target=reference %s -o %t.o
// RUN: llvm-nm -u %t.o | FileCheck %s --check-prefix=REFERENCE

// A program that would call libm is refused where it does; the reference may.
// CHECK: emit-object-imports.mlir:[[#@LINE+8]]:10: error: the compiled program would import 'expf'; a program imports memcpy, memmove, memset, memcmp, bcmp and nnc_rt_parallel_for only
// REFERENCE: U exp
// REFERENCE-NOT: U
module attributes {nn.phase = "linalg"} {
  func.func @m.predict(%x: tensor<f32> {nn.input = "x", nn.input_role = "data"})
      -> (tensor<f32> {nn.output = "y", nn.output_role = "prediction"})
      attributes {nn.entry = "predict", nn.symbol = "m", nn.batch = 1 : i64} {
    %v = tensor.extract %x[] : tensor<f32>
    %w = math.exp %v : f32
    %y = tensor.from_elements %w : tensor<f32>
    return %y : tensor<f32>
  }
}
