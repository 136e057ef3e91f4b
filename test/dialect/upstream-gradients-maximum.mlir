// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-differentiate))' --split-input-file --verify-diagnostics | FileCheck %s

// A maximum's gradient goes to the elements that are it, and to the initial value where that is it; where several are,
// they share it. So it is divided by their number first.

// CHECK-LABEL: func.func @maximum
// CHECK-SAME: %[[X:.*]]: tensor<3x5xf32>, %[[C:.*]]: tensor<3xf32>
// CHECK: %[[MAX:.*]] = linalg.reduce { arith.maximumf }
// CHECK: %[[OF_INIT:.*]] = linalg.generic {{.*}} ins(%[[C]], %[[MAX]]
// CHECK: %[[NUMBER:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MAX]] {{.*}} outs(%[[OF_INIT]]
// CHECK: arith.cmpf oeq
// CHECK: %[[SHARE:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[NUMBER]]
// CHECK: arith.divf
// CHECK: %[[DC:.*]] = linalg.generic {{.*}} ins(%[[C]], %[[MAX]], %[[SHARE]]
// CHECK: %[[DX:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[MAX]], %[[SHARE]]
// CHECK: return %[[DX]], %[[DC]]
func.func @maximum(%x: tensor<3x5xf32>, %c: tensor<3xf32>) -> (tensor<3x5xf32>, tensor<3xf32>) {
  %zero = arith.constant 0.0 : f32
  %y = linalg.reduce { arith.maximumf } ins(%x : tensor<3x5xf32>) outs(%c : tensor<3xf32>) dimensions = [1]
  %e = tensor.empty() : tensor<f32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %loss = linalg.reduce { arith.addf } ins(%y : tensor<3xf32>) outs(%z : tensor<f32>) dimensions = [0]
  %dx, %dc = nn.gradient %loss wrt (%x, %c) : tensor<f32>, tensor<3x5xf32>, tensor<3xf32>
                                          -> tensor<3x5xf32>, tensor<3xf32>
  return %dx, %dc : tensor<3x5xf32>, tensor<3xf32>
}

// -----

func.func @product(%x: tensor<5xf32>) -> tensor<5xf32> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<f32>
  %z = linalg.fill ins(%one : f32) outs(%e : tensor<f32>) -> tensor<f32>
  // expected-error @below {{'linalg.reduce' reduces other than by a sum, a maximum or a minimum}}
  %loss = linalg.reduce { arith.mulf } ins(%x : tensor<5xf32>) outs(%z : tensor<f32>) dimensions = [0]
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<5xf32> -> tensor<5xf32>
  return %dx : tensor<5xf32>
}
