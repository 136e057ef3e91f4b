// Class weights: an input of training steps, which losses whose targets are class numbers multiply a sample's loss by.
// RUN: nnc-opt %s --phase=params | nnc-opt --nn-build-entries="batch=8 entries=train,evaluate class-weights=true" | FileCheck %s
// RUN: nnc-opt %S/Inputs/class-weights-invalid.mlir --nn-build-entries="class-weights=true" --split-input-file --verify-diagnostics

// The label keeps its range; the metric stays as it is.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: tensor<8xi32> {nn.input = "y", nn.input_role = "data", nn.range = array<i64: 0, 2>}
// CHECK-SAME: %[[WEIGHTS:[^:]+]]: tensor<3xf32> {nn.input = "class_weights", nn.input_role = "class_weights"}
// CHECK: %[[LOGITS:.+]] = nn.dense
// CHECK: %[[TARGETS:.+]] = linalg.generic
// CHECK-SAME: %[[WEIGHTS]]
// CHECK: linalg.index 1
// CHECK: arith.select
// CHECK: nn.categorical_crossentropy %[[LOGITS]], %[[TARGETS]] valid %{{.*}} {from_logits}
// CHECK-NOT: nn.sparse_categorical_crossentropy
// CHECK: nn.accuracy

// Evaluation is without weights, as in Keras.
// CHECK-LABEL: func.func @fit.evaluate(
// CHECK-NOT: class_weights
// CHECK: nn.sparse_categorical_crossentropy
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?xi32>) {
  %z = nn.call @m(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %z, %y {from_logits}
  %accuracy = nn.accuracy %z, %y
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@m] with #nn.sgd<lr = 0.1>
}
