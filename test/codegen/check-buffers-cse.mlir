// CSE between nn-separate-destinations and bufferization gives several ops one destination again, which costs copies: the
// check that follows refuses them.
// RUN: nnc-opt %s --nn-separate-destinations --nn-bind-buffers --eliminate-empty-tensors --one-shot-bufferize \
// RUN:   --canonicalize --nn-check-buffers | FileCheck %s
// RUN: not nnc-opt %s --nn-separate-destinations --cse --nn-bind-buffers --eliminate-empty-tensors --one-shot-bufferize \
// RUN:   --canonicalize --nn-check-buffers 2>&1 | FileCheck %s --check-prefix=CSE

// CHECK-LABEL: @fit.train
// CHECK-NOT: memref.copy
// CSE: error: {{.*}}several ops were given one destination, as CSE does after nn-separate-destinations
func.func private @fit.train(%m: tensor<4x4xf32> {nn.input = "m"}, %x: tensor<4xf32> {nn.input = "x"})
    -> (tensor<4xf32> {nn.output = "y"}) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %zero = linalg.fill ins(%c0 : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %a = linalg.matvec ins(%m, %x : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.matvec ins(%m, %a : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
  return %b : tensor<4xf32>
}
