// Cross-entropies over classes: scalar means over the valid samples of a batch.
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

// A smoothed label: 0.9 of it, and a fifth of 0.1 for each class.
// CHECK-LABEL: func.func @smoothed
// CHECK: nn.sparse_categorical_crossentropy %arg0, %arg1 {from_logits, label_smoothing = 1.000000e-01}
// CHECK: nn.categorical_crossentropy %arg0, %arg2 {label_smoothing = 1}
// LOWER-LABEL: func.func @smoothed
// LOWER-DAG: %[[KEPT:.*]] = arith.constant 0.899999976 : f32
// LOWER-DAG: %[[EACH:.*]] = arith.constant 2.000000e-02 : f32
// LOWER: arith.cmpi eq
// LOWER: %[[HIT:.*]] = arith.select
// LOWER: %[[SHARE:.*]] = arith.mulf %[[HIT]], %[[KEPT]]
// LOWER: arith.addf %[[SHARE]], %[[EACH]]
func.func @smoothed(%x: tensor<8x5xf32>, %t: tensor<8xi32>, %d: tensor<8x5xf32>) -> (tensor<f32>, tensor<f32>) {
  %a = nn.sparse_categorical_crossentropy %x, %t {from_logits, label_smoothing = 0.1}
  %b = nn.categorical_crossentropy %x, %d {label_smoothing = 1}
  return %a, %b : tensor<f32>, tensor<f32>
}
