// Metrics: accuracy on class indices and on distributions.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER

// The first largest prediction: the smallest index whose value is the row's maximum.
// CHECK-LABEL: func.func @indices
// CHECK: nn.accuracy %arg0, %arg1 valid %arg2
// LOWER-LABEL: func.func @indices
// LOWER: arith.maximumf
// LOWER: arith.cmpf oeq
// LOWER: arith.minsi
// LOWER: arith.cmpi eq
// LOWER: arith.cmpi slt
// LOWER: arith.divf
func.func @indices(%x: tensor<8x5xf32>, %t: tensor<8xi64>, %valid: tensor<i64>) -> tensor<f32> {
  %accuracy = nn.accuracy %x, %t valid %valid
  return %accuracy : tensor<f32>
}

// CHECK-LABEL: func.func @distributions
// CHECK: nn.categorical_accuracy %arg0, %arg1
// LOWER-LABEL: func.func @distributions
// LOWER-COUNT-2: arith.minsi
func.func @distributions(%x: tensor<8x3x5xf32>, %t: tensor<8x3x5xf32>) -> tensor<f32> {
  %accuracy = nn.categorical_accuracy %x, %t
  return %accuracy : tensor<f32>
}
