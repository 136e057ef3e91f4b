// Metrics: accuracy on class indices, on distributions, of yes-or-no questions, and among the first k.
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

// Above the threshold, as 0 or 1, compared with the target.
// CHECK-LABEL: func.func @binary
// CHECK: nn.binary_accuracy %arg0, %arg1{{$}}
// CHECK: nn.binary_accuracy %arg0, %arg1 valid %arg2 {threshold = 0}
// LOWER-LABEL: func.func @binary
// LOWER-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f32
// LOWER: %[[ABOVE:.*]] = arith.cmpf ogt, %{{.*}}, %[[HALF]]
// LOWER: %[[SAID:.*]] = arith.select %[[ABOVE]]
// LOWER: arith.cmpf oeq, %[[SAID]]
func.func @binary(%x: tensor<8x3xf32>, %t: tensor<8x3xf32>, %valid: tensor<i64>) -> (tensor<f32>, tensor<f32>) {
  %a = nn.binary_accuracy %x, %t
  %b = nn.binary_accuracy %x, %t valid %valid {threshold = 0}
  return %a, %b : tensor<f32>, tensor<f32>
}

// How many are larger than the true class's.
// CHECK-LABEL: func.func @top
// CHECK: nn.sparse_top_k_categorical_accuracy %arg0, %arg1{{$}}
// CHECK: nn.top_k_categorical_accuracy %arg0, %arg2 {k = 3}
// LOWER-LABEL: func.func @top
// LOWER-DAG: %[[FIVE:.*]] = arith.constant 5 : i32
// LOWER-DAG: %[[THREE:.*]] = arith.constant 3 : i32
// LOWER: arith.cmpf ogt
// LOWER: arith.addi
// LOWER: arith.cmpi slt, %{{.*}}, %[[FIVE]]
// LOWER: arith.minsi
// LOWER: arith.cmpi slt, %{{.*}}, %[[THREE]]
func.func @top(%x: tensor<8x9xf32>, %t: tensor<8xi32>, %d: tensor<8x9xf32>) -> (tensor<f32>, tensor<f32>) {
  %a = nn.sparse_top_k_categorical_accuracy %x, %t
  %b = nn.top_k_categorical_accuracy %x, %d {k = 3}
  return %a, %b : tensor<f32>, tensor<f32>
}
