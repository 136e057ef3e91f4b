// RUN: nnc-opt %s --nn-materialize-params --split-input-file --verify-diagnostics | FileCheck %s
// RUN: nnc-opt %s --nn-materialize-params --split-input-file --verify-diagnostics --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOC

// Every layer gets variables named model.layer.parameter and takes their values; Keras' names, counted per kind.
// CHECK-LABEL: nn.variable @m.dense.kernel : tensor<4x3xf32>
// CHECK-SAME: initializer = #nn.glorot_uniform
// CHECK-SAME: trainable
// CHECK: nn.variable @m.dense.bias : tensor<3xf32>
// CHECK-SAME: initializer = #nn.zeros
// CHECK: nn.variable @m.dense_1.kernel : tensor<3x2xf32>
// CHECK-SAME: initializer = #nn.ones
// CHECK-SAME: regularizer = #nn.l2<0.5>
// CHECK-NOT: @m.dense_1.bias
// CHECK: nn.variable @m.head.kernel
// CHECK-NOT: trainable
// CHECK: nn.model @m
// CHECK: %[[K:.*]] = nn.get_variable @m.dense.kernel : tensor<4x3xf32>
// CHECK: %[[B:.*]] = nn.get_variable @m.dense.bias : tensor<3xf32>
// CHECK: nn.dense %{{.*}} params(%[[K]], %[[B]]{{ ?}})
// LOC: nn.dense {{.*}} loc("m.dense"("{{.*}}materialize-params.mlir":[[#]]:[[#]]))
// LOC: nn.dense {{.*}} loc("m.dense_1"(
// LOC: nn.dense {{.*}} loc("m.head"(
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x1xf32> {
  %a = nn.dense %x {units = 3}
  %b = nn.dense %a {units = 2, use_bias = false, kernel_initializer = #nn.ones, kernel_regularizer = #nn.l2<0.5>}
  %c = nn.dense %b {units = 1, name = "head", trainable = false}
  nn.return %c
}

// -----

// Layers that have parameters already keep them: two layers can share one kernel.
// CHECK-LABEL: nn.variable @kernel
// CHECK-NOT: nn.variable
// CHECK-COUNT-2: nn.dense %{{.*}} params(%{{.*}})
nn.variable @kernel : tensor<4x4xf32> {initializer = #nn.glorot_uniform, trainable}
nn.model @tied(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %k = nn.get_variable @kernel : tensor<4x4xf32>
  %a = nn.dense %x params(%k) {units = 4, use_bias = false}
  %b = nn.dense %a params(%k) {units = 4, use_bias = false}
  nn.return %b
}

// -----

nn.model @twice(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = nn.dense %x {units = 4, name = "a"}
  // expected-error @below {{'nn.dense' op has the name 'a', which another layer of this model has}}
  %b = nn.dense %a {units = 4, name = "a"}
  nn.return %b
}

// -----

nn.model @dotted(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{has the name "a.b"; a layer's name is not empty and has no dot, quote or control character}}
  %a = nn.dense %x {units = 4, name = "a.b"}
  nn.return %a
}

// -----

nn.model @vast(%x: tensor<?x4611686018427387905xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{has a parameter 'kernel' of type 'tensor<4611686018427387905x4xf32>', which has more bytes than 63 bits can count}}
  %a = nn.dense %x {units = 4}
  nn.return %a
}

// -----

nn.model @control(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{has the name "a\0Ab"; a layer's name is not empty and has no dot, quote or control character}}
  %a = nn.dense %x {units = 4, name = "a\nb"}
  nn.return %a
}

// -----

// expected-error @below {{a model file holds models and steps; a module inside another is not taken}}
module {
  nn.model @inner(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
    nn.return %x
  }
}
nn.model @outer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  nn.return %x
}
