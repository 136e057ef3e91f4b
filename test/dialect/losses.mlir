// Losses: scalar means over the valid samples of a batch.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @sparse_logits
// CHECK: nn.sparse_categorical_crossentropy %arg0, %arg1 {from_logits}
// log(Σ exp(x - max)) - (x_target - max)
// LOWER-LABEL: func.func @sparse_logits
// LOWER: arith.maximumf
// LOWER: math.exp
// LOWER: linalg.index 1
// LOWER: arith.cmpi eq
// LOWER: arith.select
// LOWER: math.log
// LOWER-NOT: math.
func.func @sparse_logits(%x: tensor<8x5xf32>, %t: tensor<8xi32>) -> tensor<f32> {
  %loss = nn.sparse_categorical_crossentropy %x, %t {from_logits}
  return %loss : tensor<f32>
}

// Padding is removed by select; the mean is over the valid samples' time steps.
// CHECK-LABEL: func.func @sparse_masked
// CHECK: nn.sparse_categorical_crossentropy %arg0, %arg1 valid %arg2 {from_logits, name = fit}
// LOWER-LABEL: func.func @sparse_masked
// LOWER: %[[N:.*]] = arith.constant 3.000000e+00
// LOWER: linalg.index 0
// LOWER: %[[SAMPLE:.*]] = arith.index_cast
// LOWER: %[[VALID:.*]] = arith.cmpi slt, %[[SAMPLE]], %in
// LOWER: arith.select %[[VALID]]
// LOWER: arith.sitofp
// LOWER: arith.mulf %{{.*}}, %[[N]]
// LOWER: arith.divf
func.func @sparse_masked(%x: tensor<8x3x5xf32>, %t: tensor<8x3xi64>, %valid: tensor<i64>) -> tensor<f32> {
  %loss = nn.sparse_categorical_crossentropy %x, %t valid %valid {from_logits, name = "fit"}
  return %loss : tensor<f32>
}

// Probabilities are renormalised and clipped, as Keras does.
// CHECK-LABEL: func.func @sparse_probabilities
// CHECK: nn.sparse_categorical_crossentropy %arg0, %arg1
// LOWER-LABEL: func.func @sparse_probabilities
// LOWER-DAG: %[[LOW:.*]] = arith.constant 1.000000e-07
// LOWER-DAG: %[[HIGH:.*]] = arith.constant 0.99999988
// LOWER: arith.divf
// LOWER: arith.maximumf %{{.*}}, %[[LOW]]
// LOWER: arith.minimumf %{{.*}}, %[[HIGH]]
// LOWER: math.log
func.func @sparse_probabilities(%x: tensor<8x5xf32>, %t: tensor<8xi32>) -> tensor<f32> {
  %loss = nn.sparse_categorical_crossentropy %x, %t
  return %loss : tensor<f32>
}

// CHECK-LABEL: func.func @distributions
// CHECK: nn.categorical_crossentropy %arg0, %arg1 {from_logits}
// CHECK: nn.categorical_crossentropy %arg0, %arg1 valid %arg2
// LOWER-LABEL: func.func @distributions
// LOWER-NOT: nn.
func.func @distributions(%x: tensor<8x5xf64>, %t: tensor<8x5xf64>, %valid: tensor<i64>) -> (tensor<f64>, tensor<f64>) {
  %a = nn.categorical_crossentropy %x, %t {from_logits}
  %b = nn.categorical_crossentropy %x, %t valid %valid
  return %a, %b : tensor<f64>, tensor<f64>
}

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
