// A layer written in upstream dialects, right in the model file, differentiates as any other (docs/design.md shows it).
// RUN: nnc-opt %s --phase=grad --batch=4 --entries=train | FileCheck %s

// CHECK-LABEL: func.func @fit.train
// CHECK: %[[T:.*]] = math.tanh
// The derivative of tanh, then the gradient of the dense layer's kernel; nothing is left to differentiate.
// CHECK-NOT: nn.gradient
// CHECK: math.tanh
// CHECK: arith.mulf
// CHECK: linalg.{{.*}} -> tensor<8x8xf32>
// CHECK-NOT: nn.gradient
nn.model @gated(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %h = nn.dense %x {units = 8}
  %y = linalg.generic {
      indexing_maps = [affine_map<(b, i) -> (b, i)>, affine_map<(b, i) -> (b, i)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<?x8xf32>) outs(%x : tensor<?x8xf32>) {
    ^bb0(%a: f32, %old: f32):
      %t = math.tanh %a : f32
      %p = arith.mulf %t, %old : f32
      linalg.yield %p : f32
  } -> tensor<?x8xf32>
  nn.return %y
}
nn.step @fit(%x: tensor<?x8xf32>, %target: tensor<?x8xf32>) {
  %y = nn.call @gated(%x) : tensor<?x8xf32>
  %loss = nn.mean_squared_error %y, %target
  nn.minimize %loss over [@gated] with #nn.sgd<lr = 1.0e-1>
}
