// RUN: nnc-opt %s --nn-drop-adjoint-marks --cse | FileCheck %s

// An adjoint's copy of a forward op differs from it by the mark only.
// CHECK-LABEL: func.func @twice
// CHECK-COUNT-1: math.exp
// CHECK-NOT: math.exp
func.func @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = math.exp %x : tensor<4xf32>
  %1 = math.exp %x {nn.adjoint} : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
