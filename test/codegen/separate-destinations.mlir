// RUN: nnc-opt --nn-separate-destinations --split-input-file --verify-diagnostics %s | FileCheck %s

// Two ops that would start from one zero get a zero each: neither overwrites the other's.
// CHECK-LABEL: @shared_zero
func.func @shared_zero(%m: tensor<4x4xf32>, %x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %zero = linalg.fill ins(%c0 : f32) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[E0:.*]] = tensor.empty
  // CHECK-NEXT: %[[Z0:.*]] = linalg.fill {{.*}} outs(%[[E0]]
  // CHECK-NEXT: linalg.matvec {{.*}} outs(%[[Z0]]
  // CHECK-NEXT: %[[E1:.*]] = tensor.empty
  // CHECK-NEXT: %[[Z1:.*]] = linalg.fill {{.*}} outs(%[[E1]]
  // CHECK-NEXT: linalg.matvec {{.*}} outs(%[[Z1]]
  %a = linalg.matvec ins(%m, %x : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
  %b = linalg.matvec ins(%m, %y : tensor<4x4xf32>, tensor<4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// A constant of one value becomes a fill: a program holds no data of that size.
// CHECK-LABEL: @splat
// CHECK-NOT: dense<
// CHECK: linalg.fill
func.func @splat() -> tensor<1024x1024xf32> {
  %zero = arith.constant dense<0.0> : tensor<1024x1024xf32>
  return %zero : tensor<1024x1024xf32>
}

// A loop that yields a new tensor writes it back into what it carries; one in destination style stays as it is.
// CHECK-LABEL: @loop
func.func @loop(%x: tensor<4xf32>, %y: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %e = tensor.empty() : tensor<4xf32>
  // CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}})
  %r:2 = scf.for %i = %c0 to %c8 step %c1 iter_args(%a = %x, %b = %y) -> (tensor<4xf32>, tensor<4xf32>) {
    // CHECK: %[[E:.*]] = tensor.empty
    // CHECK: %[[NEW:.*]] = linalg.exp {{.*}} outs(%[[E]]
    %new = linalg.exp ins(%a : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    // CHECK: %[[PLACE:.*]] = linalg.exp {{.*}} outs(%[[B]]
    %place = linalg.exp ins(%b : tensor<4xf32>) outs(%b : tensor<4xf32>) -> tensor<4xf32>
    // CHECK: %[[BACK:.*]] = bufferization.materialize_in_destination %[[NEW]] in %[[A]]
    // CHECK: scf.yield %[[BACK]], %[[PLACE]]
    scf.yield %new, %place : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0, %r#1 : tensor<4xf32>, tensor<4xf32>
}

// States of several steps back move on: the oldest is overwritten first, once nothing uses it any more.
// CHECK-LABEL: @steps_back
func.func @steps_back(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %e = tensor.empty() : tensor<4xf32>
  // CHECK: scf.for {{.*}} iter_args(%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}, %[[C:.*]] = %{{.*}})
  %r:3 = scf.for %i = %c0 to %c8 step %c1 iter_args(%a = %x, %b = %x, %c = %x)
      -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
    // CHECK: %[[NEW:.*]] = linalg.add
    %new = linalg.add ins(%a, %c : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    // CHECK: %[[C1:.*]] = bufferization.materialize_in_destination %[[B]] in %[[C]]
    // CHECK: %[[B1:.*]] = bufferization.materialize_in_destination %[[A]] in %[[B]]
    // CHECK: %[[A1:.*]] = bufferization.materialize_in_destination %[[NEW]] in %[[A]]
    // CHECK: scf.yield %[[A1]], %[[B1]], %[[C1]]
    scf.yield %new, %a, %b : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
  }
  return %r#0 : tensor<4xf32>
}

// -----

func.func @swap(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error@+1 {{a loop's carried values change places from turn to turn}}
  %r:2 = scf.for %i = %c0 to %c8 step %c1 iter_args(%a = %x, %b = %x) -> (tensor<4xf32>, tensor<4xf32>) {
    scf.yield %b, %a : tensor<4xf32>, tensor<4xf32>
  }
  return %r#0 : tensor<4xf32>
}
