// Losses of numbers: means over features and the valid samples of a batch.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER

// Keras' mean over features, 1/6; then ½‖ŷ − y‖².
// CHECK-LABEL: func.func @squared
// CHECK: nn.mean_squared_error %arg0, %arg1
// CHECK: nn.mean_squared_error %arg0, %arg1 {half_sum}
// LOWER-LABEL: func.func @squared
// LOWER-DAG: arith.constant 0.166666
// LOWER-DAG: arith.constant 5.000000e-01
func.func @squared(%x: tensor<8x2x3xf32>, %t: tensor<8x2x3xf32>) -> (tensor<f32>, tensor<f32>) {
  %a = nn.mean_squared_error %x, %t
  %b = nn.mean_squared_error %x, %t {half_sum}
  return %a, %b : tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @absolute
// CHECK: nn.mean_absolute_error %arg0, %arg1 valid %arg2 {name = fit}
// LOWER-LABEL: func.func @absolute
// LOWER: %[[E:.*]] = arith.subf
// LOWER: math.absf %[[E]]
// LOWER: arith.cmpi slt
func.func @absolute(%x: tensor<8x2x3xf32>, %t: tensor<8x2x3xf32>, %valid: tensor<i64>) -> tensor<f32> {
  %a = nn.mean_absolute_error %x, %t valid %valid {name = fit}
  return %a : tensor<f32>
}

// delta |e| - ½ delta² beyond delta.
// CHECK-LABEL: func.func @huber
// CHECK: nn.huber %arg0, %arg1{{$}}
// CHECK: nn.huber %arg0, %arg1 {delta = 2.000000e+00}
// LOWER-LABEL: func.func @huber
// LOWER-DAG: %[[HALF:.*]] = arith.constant 5.000000e-01 : f64
// LOWER-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f64
// LOWER: %[[E:.*]] = arith.subf
// LOWER: %[[SIZE:.*]] = math.absf %[[E]]
// LOWER: %[[SQUARE:.*]] = arith.mulf %[[E]], %[[E]]
// LOWER: %[[NEAR:.*]] = arith.mulf %[[SQUARE]], %[[HALF]]
// LOWER: %[[FAR:.*]] = arith.subf %{{.*}}, %[[HALF]]
// LOWER: %[[CLOSE:.*]] = arith.cmpf ole, %[[SIZE]], %[[ONE]]
// LOWER: arith.select %[[CLOSE]], %[[NEAR]], %[[FAR]]
func.func @huber(%x: tensor<8x3xf64>, %t: tensor<8x3xf64>) -> (tensor<f64>, tensor<f64>) {
  %a = nn.huber %x, %t
  %b = nn.huber %x, %t {delta = 2.0}
  return %a, %b : tensor<f64>, tensor<f64>
}
