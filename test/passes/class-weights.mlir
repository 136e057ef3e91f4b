// Class weights: an input of training steps, which losses whose targets are class numbers multiply a sample's loss by.
// RUN: nnc-opt %s --phase=params | nnc-opt --nn-build-entries="batch=8 entries=train,evaluate class-weights=true" | FileCheck %s
// RUN: nnc-opt %s --phase=params | nnc-opt --nn-build-entries="batch=8 entries=evaluate class-weights=true" | \
// RUN:   FileCheck %s --check-prefix=EVALUATE
// RUN: nnc-opt %S/Inputs/class-weights-invalid.mlir --nn-build-entries="class-weights=true" --split-input-file --verify-diagnostics

// The label keeps its range; the metric stays as it is.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: tensor<8xi32> {nn.input = "y", nn.input_role = "data", nn.range = array<i64: 0, 2>}
// CHECK-SAME: %[[WEIGHTS:[^:]+]]: tensor<3xf32> {nn.input = "class_weights", nn.input_role = "class_weights"}
// CHECK: %[[LOGITS:.+]] = nn.dense
// CHECK: %[[TARGETS:.+]] = linalg.generic
// CHECK: linalg.index 1
// CHECK: %[[HIT:.+]] = arith.select
// CHECK: %[[WEIGHT:.+]] = tensor.extract %[[WEIGHTS]]
// CHECK: arith.mulf %[[WEIGHT]], %[[HIT]]
// CHECK: nn.categorical_crossentropy %[[LOGITS]], %[[TARGETS]] valid %{{.*}} {from_logits}
// CHECK-NOT: nn.sparse_categorical_crossentropy
// CHECK: nn.accuracy

// A smoothed label's whole distribution is multiplied.
// CHECK-LABEL: func.func @smooth.train(
// CHECK: %[[WEIGHT:.+]] = tensor.extract
// CHECK: %[[KEPT:.+]] = arith.mulf
// CHECK: %[[LABEL:.+]] = arith.addf %[[KEPT]]
// CHECK: arith.mulf %[[WEIGHT]], %[[LABEL]]
// CHECK: nn.categorical_crossentropy %{{.*}}, %{{.*}} valid %{{.*}} {from_logits}

// Evaluation is without weights, as in Keras.
// EVALUATE-LABEL: func.func @fit.evaluate(
// EVALUATE-NOT: class_weights
// EVALUATE: nn.sparse_categorical_crossentropy
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
nn.step @smooth(%x: tensor<?x4xf32>, %y: tensor<?xi32>) {
  %z = nn.call @m(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %z, %y {from_logits, label_smoothing = 0.1}
  nn.minimize %loss over [@m] with #nn.sgd<lr = 0.1>
}
