// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-differentiate))' --split-input-file --verify-diagnostics | FileCheck %s

// The loop keeps the carried state of each iteration that its adjoint reads (here %h, not the results %ys). The adjoint
// is a loop too: weights' gradients accumulate in what it carries, slices of the input's gradient are written in place.

// CHECK-LABEL: func.func @recurrence
// CHECK-SAME: %[[X:.*]]: tensor<5x2x4xf32>, %[[U:.*]]: tensor<4x4xf32>, %[[H0:.*]]: tensor<2x4xf32>
// CHECK: %[[F:.*]]:3 = scf.for %[[T:.*]] = {{.*}} iter_args(%[[H:.*]] = %[[H0]], %{{.*}} = %{{.*}}, %[[S:.*]] = %{{.*}})
// CHECK-NEXT: tensor.insert_slice %[[H]] into %[[S]][%[[T]], 0, 0]
// CHECK: {nn.saved_carries = array<i64: 0>}
// CHECK: scf.for %[[I:.*]] = %{{.*}} to %{{.*}} iter_args(%[[DH:.*]] = %{{.*}}, %[[DYS:.*]] = %{{.*}}, %[[DX:.*]] = %{{.*}}, %[[DU:.*]] = %{{.*}})
// CHECK: %[[BACK:.*]] = arith.subi %{{.*}}, %[[I]]
// CHECK: %[[KEPT:.*]] = tensor.extract_slice %[[F]]#2[%[[BACK]], 0, 0]
// CHECK: linalg.matmul ins(%[[KEPT]], %[[U]]
// CHECK: tensor.extract_slice %[[DYS]][%[[BACK]], 0, 0]
// CHECK: linalg.generic {{.*}} iterator_types = ["reduction", "parallel", "parallel"]} {{.*}} outs(%[[DU]]
// CHECK: %[[M:.*]] = bufferization.materialize_in_destination %{{.*}} in %[[DH]]
// CHECK: scf.yield %[[M]],
func.func @recurrence(%x: tensor<5x2x4xf32>, %u: tensor<4x4xf32>, %h0: tensor<2x4xf32>)
    -> (tensor<5x2x4xf32>, tensor<4x4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %zero = arith.constant 0.0 : f32
  %ys0 = tensor.empty() : tensor<5x2x4xf32>
  %h, %ys = scf.for %t = %c0 to %c5 step %c1 iter_args(%h = %h0, %ys = %ys0) -> (tensor<2x4xf32>, tensor<5x2x4xf32>) {
    %xt = tensor.extract_slice %x[%t, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<5x2x4xf32> to tensor<2x4xf32>
    %a = linalg.matmul ins(%h, %u : tensor<2x4xf32>, tensor<4x4xf32>) outs(%xt : tensor<2x4xf32>) -> tensor<2x4xf32>
    %n = linalg.tanh ins(%a : tensor<2x4xf32>) outs(%h : tensor<2x4xf32>) -> tensor<2x4xf32>
    %ys1 = tensor.insert_slice %n into %ys[%t, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<2x4xf32> into tensor<5x2x4xf32>
    scf.yield %n, %ys1 : tensor<2x4xf32>, tensor<5x2x4xf32>
  }
  %e = tensor.empty() : tensor<f32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %loss = linalg.reduce { arith.addf } ins(%ys : tensor<5x2x4xf32>) outs(%z : tensor<f32>) dimensions = [0, 1, 2]
  %dx, %du = nn.gradient %loss wrt (%x, %u) : tensor<f32>, tensor<5x2x4xf32>, tensor<4x4xf32>
                                          -> tensor<5x2x4xf32>, tensor<4x4xf32>
  return %dx, %du : tensor<5x2x4xf32>, tensor<4x4xf32>
}

// -----

func.func @unknown_length(%x: tensor<f32>, %n: index) -> tensor<f32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{'scf.for' runs a number of times that is not known at compile time}}
  %loss = scf.for %t = %c0 to %n step %c1 iter_args(%y = %x) -> tensor<f32> {
    %z = arith.mulf %y, %y : tensor<f32>
    scf.yield %z : tensor<f32>
  }
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dx : tensor<f32>
}

// -----

func.func @hard_body(%x: tensor<f32>) -> tensor<f32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  // expected-error @below {{'scf.for' holds 'arith.remf', which has no gradient}}
  %loss = scf.for %t = %c0 to %c9 step %c1 iter_args(%y = %x) -> tensor<f32> {
    %z = arith.remf %y, %y : tensor<f32>
    scf.yield %z : tensor<f32>
  }
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dx : tensor<f32>
}

// -----

// A branch between scalars: the adjoint branches on the same condition, and computes again what it needs of a side.

// CHECK-LABEL: func.func @branch
// CHECK-SAME: %[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>, %[[P:.*]]: i1
// CHECK: %[[A:.*]] = tensor.extract %[[X]]
// CHECK: %[[B:.*]] = tensor.extract %[[Y]]
// CHECK: scf.if %[[P]] -> (f32) {
// CHECK: %[[D:.*]]:2 = scf.if %[[P]] -> (f32, f32) {
// CHECK: %[[M:.*]] = arith.mulf %[[A]], %[[B]]
// CHECK: %[[C:.*]] = math.cos %[[M]]
// CHECK: } else {
// CHECK: %[[ZERO:.*]] = arith.constant 0.0
// CHECK: scf.yield %[[ZERO]], %{{.*}}
// CHECK: %[[DY:.*]] = tensor.from_elements %[[D]]#1
// CHECK: %[[DX:.*]] = tensor.from_elements %[[D]]#0
// CHECK: return %[[DX]], %[[DY]]
func.func @branch(%x: tensor<f32>, %y: tensor<f32>, %p: i1) -> (tensor<f32>, tensor<f32>) {
  %a = tensor.extract %x[] : tensor<f32>
  %b = tensor.extract %y[] : tensor<f32>
  %u = scf.if %p -> f32 {
    %m = arith.mulf %a, %b : f32
    %s = math.sin %m : f32
    scf.yield %s : f32
  } else {
    scf.yield %b : f32
  }
  %loss = tensor.from_elements %u : tensor<f32>
  %dx, %dy = nn.gradient %loss wrt (%x, %y) : tensor<f32>, tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>
  return %dx, %dy : tensor<f32>, tensor<f32>
}

// -----

func.func @branch_between_tensors(%x: tensor<f32>, %p: i1) -> tensor<f32> {
  // expected-error @below {{'scf.if' gives a tensor; use arith.select}}
  %loss = scf.if %p -> tensor<f32> {
    %z = arith.mulf %x, %x : tensor<f32>
    scf.yield %z : tensor<f32>
  } else {
    scf.yield %x : tensor<f32>
  }
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dx : tensor<f32>
}

// -----

func.func @branch_reads_tensor(%x: tensor<f32>, %p: i1) -> tensor<f32> {
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{'scf.if' reads a trained tensor on one of its sides; extract the elements before it}}
  %u = scf.if %p -> f32 {
    %z = tensor.extract %x[] : tensor<f32>
    scf.yield %z : f32
  } else {
    scf.yield %zero : f32
  }
  %loss = tensor.from_elements %u : tensor<f32>
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dx : tensor<f32>
}
