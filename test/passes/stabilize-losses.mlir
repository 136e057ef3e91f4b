// A cross-entropy of what softmax makes is computed on the logits; softmax stays where something else reads it.
// RUN: nnc-opt %s --nn-stabilize-losses | FileCheck %s

// A layer with softmax as its activation is split for it.
// CHECK-LABEL: func.func @activation
// CHECK-NEXT: %[[Z:.*]] = nn.dense %arg0 params(%arg1, %arg2) {name = head, units = 4}
// CHECK-NEXT: %[[LOSS:.*]] = nn.sparse_categorical_crossentropy %[[Z]], %arg3 valid %arg4 {from_logits}
// CHECK-NEXT: %[[ACCURACY:.*]] = nn.accuracy %[[Z]], %arg3 valid %arg4
// CHECK-NEXT: return %[[LOSS]], %[[ACCURACY]]
func.func @activation(%x: tensor<8x3xf32>, %k: tensor<3x4xf32>, %b: tensor<4xf32>, %t: tensor<8xi32>,
                      %valid: tensor<i64>) -> (tensor<f32>, tensor<f32>) {
  %y = nn.dense %x params(%k, %b) {units = 4, activation = softmax, name = head}
  %loss = nn.sparse_categorical_crossentropy %y, %t valid %valid
  %accuracy = nn.accuracy %y, %t valid %valid
  return %loss, %accuracy : tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @distributions
// CHECK-NEXT: %[[LOSS:.*]] = nn.categorical_crossentropy %arg0, %arg1 {from_logits}
// CHECK-NEXT: %[[ACCURACY:.*]] = nn.categorical_accuracy %arg0, %arg1
// CHECK-NEXT: return %[[LOSS]], %[[ACCURACY]]
func.func @distributions(%x: tensor<8x4xf32>, %t: tensor<8x4xf32>) -> (tensor<f32>, tensor<f32>) {
  %y = nn.softmax %x
  %loss = nn.categorical_crossentropy %y, %t
  %accuracy = nn.categorical_accuracy %y, %t
  return %loss, %accuracy : tensor<f32>, tensor<f32>
}

// CHECK-LABEL: func.func @kept
// CHECK-NEXT: %[[Y:.*]] = nn.softmax %arg0
// CHECK-NEXT: %[[LOSS:.*]] = nn.sparse_categorical_crossentropy %arg0, %arg1 {from_logits}
// CHECK-NEXT: return %[[LOSS]], %[[Y]]
func.func @kept(%x: tensor<8x4xf32>, %t: tensor<8xi32>) -> (tensor<f32>, tensor<8x4xf32>) {
  %y = nn.softmax %x
  %loss = nn.sparse_categorical_crossentropy %y, %t
  return %loss, %y : tensor<f32>, tensor<8x4xf32>
}

// Logits are logits already; probabilities of another origin, and other activations, stay what they are.
// CHECK-LABEL: func.func @untouched
// CHECK: nn.sparse_categorical_crossentropy %{{.*}}, %arg1 {from_logits}
// CHECK: nn.sigmoid
// CHECK: nn.sparse_categorical_crossentropy %{{.*}}, %arg1{{$}}
// CHECK: nn.dense {{.*}} {activation = relu, units = 4}
// CHECK: nn.sparse_categorical_crossentropy %{{.*}}, %arg1{{$}}
func.func @untouched(%x: tensor<8x4xf32>, %t: tensor<8xi32>, %k: tensor<4x4xf32>, %b: tensor<4xf32>)
    -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %p = nn.softmax %x
  %a = nn.sparse_categorical_crossentropy %p, %t {from_logits}
  %s = nn.sigmoid %x
  %c = nn.sparse_categorical_crossentropy %s, %t
  %r = nn.dense %x params(%k, %b) {units = 4, activation = relu}
  %d = nn.sparse_categorical_crossentropy %r, %t
  return %a, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>
}
