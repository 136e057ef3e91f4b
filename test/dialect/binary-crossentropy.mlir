// The binary cross-entropy: a mean over features and the valid samples of a batch.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --cse --canonicalize | FileCheck %s --check-prefix=LOWER
// RUN: nnc-opt %s --nn-stabilize-losses | FileCheck %s --check-prefix=STABLE

// max(x, 0) + log1p(exp(-|x|)) - x t
// CHECK-LABEL: func.func @logits
// CHECK: nn.binary_crossentropy %arg0, %arg1 {from_logits}
// LOWER-LABEL: func.func @logits
// LOWER: math.absf
// LOWER: arith.negf
// LOWER: math.exp
// LOWER: arith.maximumf
// LOWER: math.log1p
// LOWER: arith.addf
// LOWER: arith.mulf
// LOWER: arith.subf
func.func @logits(%x: tensor<8x5xf32>, %t: tensor<8x5xf32>) -> tensor<f32> {
  %loss = nn.binary_crossentropy %x, %t {from_logits}
  return %loss : tensor<f32>
}

// CHECK-LABEL: func.func @probabilities
// CHECK: nn.binary_crossentropy %arg0, %arg1 valid %arg2 {label_smoothing = 2.000000e-01}
// LOWER-LABEL: func.func @probabilities
// LOWER-DAG: %[[LOW:.*]] = arith.constant 1.000000e-07
// LOWER-DAG: %[[HIGH:.*]] = arith.constant 0.99999988
// LOWER-DAG: %[[KEPT:.*]] = arith.constant 8.000000e-01
// LOWER-DAG: %[[EACH:.*]] = arith.constant 1.000000e-01
// LOWER: arith.mulf %{{.*}}, %[[KEPT]]
// LOWER: arith.addf %{{.*}}, %[[EACH]]
// LOWER: arith.maximumf %{{.*}}, %[[LOW]]
// LOWER: arith.minimumf %{{.*}}, %[[HIGH]]
// LOWER-COUNT-2: math.log
// LOWER: arith.cmpi slt
func.func @probabilities(%x: tensor<8x2x5xf32>, %t: tensor<8x2x5xf32>, %valid: tensor<i64>) -> tensor<f32> {
  %loss = nn.binary_crossentropy %x, %t valid %valid {label_smoothing = 0.2}
  return %loss : tensor<f32>
}

// Of what sigmoid makes it is one of the logits.
// STABLE-LABEL: func.func @sigmoid
// STABLE-NEXT: %[[Z:.*]] = nn.dense %arg0 params(%arg1, %arg2) {name = head, units = 4}
// STABLE: %[[A:.*]] = nn.binary_crossentropy %[[Z]], %arg3 {from_logits}
// STABLE-NEXT: %[[B:.*]] = nn.binary_crossentropy %arg3, %arg3 {from_logits, label_smoothing = 1.000000e-01}
// STABLE-NEXT: %[[SOFTMAX:.*]] = nn.softmax %arg3
// STABLE-NEXT: %[[C:.*]] = nn.binary_crossentropy %[[SOFTMAX]], %arg3{{$}}
// STABLE-NEXT: return
func.func @sigmoid(%x: tensor<8x3xf32>, %k: tensor<3x4xf32>, %b: tensor<4xf32>, %t: tensor<8x4xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %y = nn.dense %x params(%k, %b) {units = 4, activation = sigmoid, name = head}
  %a = nn.binary_crossentropy %y, %t
  %s = nn.sigmoid %t
  %c = nn.binary_crossentropy %s, %t {label_smoothing = 0.1}
  %p = nn.softmax %t
  %d = nn.binary_crossentropy %p, %t
  return %a, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>
}
