// RUN: nnc-opt %s --phase=params --split-input-file --verify-diagnostics | nnc-opt --split-input-file --nn-build-entries="batch=8 entries=init,train,evaluate,predict,gradient" | FileCheck %s
// RUN: nnc-opt %S/Inputs/build-entries-invalid.mlir --nn-build-entries --split-input-file --verify-diagnostics

// CHECK-DAG: nn.variable @m.dense.kernel : tensor<4x3xf32>
// CHECK-DAG: nn.variable @m.dense.kernel.m : tensor<4x3xf32> {{.*}}role = slot
// CHECK-DAG: nn.variable @m.dense.kernel.v : tensor<4x3xf32> {{.*}}role = slot
// CHECK-DAG: nn.variable @fit.iterations : tensor<i64> {{.*}}role = counter
// CHECK-NOT: nn.model
// CHECK-NOT: nn.step

// The batch is fixed, labels have the range that the loss needs, state comes in and goes out.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: tensor<8x4xf32> {nn.input = "x", nn.input_role = "data"}
// CHECK-SAME: tensor<8xi32> {nn.input = "y", nn.input_role = "data", nn.range = array<i64: 0, 2>}
// CHECK-SAME: {nn.variable = @m.dense.kernel}
// CHECK-SAME: tensor<i64> {nn.input = "valid", nn.input_role = "valid"}
// CHECK-SAME: tensor<f32> {nn.default = 1.000000e-03 : f64, nn.input = "learning_rate", nn.input_role = "learning_rate"}
// CHECK-SAME: -> (tensor<f32> {nn.output = "loss", nn.output_role = "loss"}, tensor<f32> {nn.output = "accuracy", nn.output_role = "score"}, tensor<4x3xf32> {nn.variable = @m.dense.kernel}
// CHECK-SAME: attributes {nn.batch = 8 : i64, nn.entry = "train", nn.symbol = "fit"}
// CHECK: nn.dense
// CHECK: nn.sparse_categorical_crossentropy {{.*}} valid %{{.*}}
// CHECK: nn.gradient

// CHECK-LABEL: func.func @fit.evaluate(
// CHECK-NOT: nn.gradient

// Gradients of parameters and of float inputs.
// CHECK-LABEL: func.func @fit.gradient(
// CHECK-SAME: tensor<8x4xf32> {nn.output = "x", nn.output_role = "gradient"}
// CHECK-SAME: tensor<4x3xf32> {nn.output = "m.dense.kernel", nn.output_role = "gradient"}
// CHECK: nn.gradient

// CHECK-LABEL: func.func @m.predict(
// CHECK-SAME: -> (tensor<8x3xf32> {nn.output = "prediction", nn.output_role = "prediction"})

// CHECK-LABEL: func.func @init(
// CHECK-SAME: {nn.input = "seed", nn.input_role = "seed"}
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3, kernel_initializer = #nn.ones}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?xi32>) {
  %z = nn.call @m(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %z, %y {from_logits}
  %accuracy = nn.accuracy %z, %y
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@m] with #nn.adam
}

// -----

// A penalty comes before the layers, so that what is added to the gradient for it comes after the sum over samples.
// CHECK-LABEL: func.func @penalized.train(
// CHECK: %[[penalty:.*]] = linalg.generic {{.*}} iterator_types = []}
// CHECK: nn.dense
// CHECK: %[[error:.*]] = nn.mean_squared_error
// CHECK: %[[loss:.*]] = arith.addf %[[error]], %[[penalty]] : tensor<f32>
// CHECK: nn.gradient %[[loss]]
nn.model @r(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3, use_bias = false, kernel_regularizer = #nn.l2<0.5>}
  nn.return %y
}
nn.step @penalized(%x: tensor<?x4xf32>, %t: tensor<?x3xf32>) {
  %z = nn.call @r(%x) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %z, %t
  nn.minimize %loss over [@r] with #nn.sgd
}
