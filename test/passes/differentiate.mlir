// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-differentiate))' --split-input-file --verify-diagnostics | FileCheck %s

// A layer without a gradient of its own is lowered, and its lowering differentiated. The adjoint of a contraction is a
// contraction; the incoming gradient of a loss is 1.

// CHECK-LABEL: func.func @dense
// CHECK-SAME: (%[[X:.*]]: tensor<4x3xf32>, %[[K:.*]]: tensor<3x2xf32>, %[[B:.*]]: tensor<2xf32>)
// CHECK: linalg.matmul
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<f32>
// CHECK: %[[DH:.*]] = linalg.generic {{.*}} ins(%[[ONE]], {{.*}}) {{.*}} attrs =  {nn.adjoint}
// CHECK:   arith.mulf
// CHECK: %[[DB:.*]] = linalg.generic {{{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[DH]]
// CHECK:   arith.addf
// CHECK: %[[DK:.*]] = linalg.generic {{{.*}} iterator_types = ["reduction", "parallel", "parallel"]} ins(%[[DH]], %[[X]]
// CHECK-NEXT: ^bb0
// CHECK-NEXT:   %[[P:.*]] = arith.mulf
// CHECK-NEXT:   arith.addf %{{.*}}, %[[P]]
// CHECK-NEXT:   linalg.yield
// Nothing asked for the gradient of %x.
// CHECK-NOT: linalg.generic
// CHECK: return %[[DK]], %[[DB]]
func.func @dense(%x: tensor<4x3xf32>, %k: tensor<3x2xf32>, %b: tensor<2xf32>) -> (tensor<3x2xf32>, tensor<2xf32>) {
  %h = nn.dense %x params(%k, %b) {units = 2}
  %c0 = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<f32>
  %z = linalg.fill ins(%c0 : f32) outs(%e : tensor<f32>) -> tensor<f32>
  %loss = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
                          iterator_types = ["reduction", "reduction"]}
    ins(%h : tensor<4x2xf32>) outs(%z : tensor<f32>) {
    ^bb0(%a: f32, %o: f32):
      %t = arith.mulf %a, %a : f32
      %s = arith.addf %o, %t : f32
      linalg.yield %s : f32
    } -> tensor<f32>
  %dk, %db = nn.gradient %loss wrt (%k, %b) : tensor<f32>, tensor<3x2xf32>, tensor<2xf32>
                                           -> tensor<3x2xf32>, tensor<2xf32>
  return %dk, %db : tensor<3x2xf32>, tensor<2xf32>
}

// -----

// A value that is used twice gets the sum; one the loss does not depend on gets zeros.

// CHECK-LABEL: func.func @twice
// CHECK-SAME: (%[[X:.*]]: tensor<f32>, %[[Y:.*]]: tensor<f32>)
// CHECK: arith.mulf %[[X]], %[[X]]
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK: %[[A:.*]] = arith.mulf %[[ONE]], %[[X]] {nn.adjoint}
// CHECK: %[[B:.*]] = arith.mulf %[[ONE]], %[[X]] {nn.adjoint}
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[A]], %[[B]]
// CHECK: %[[ZERO:.*]] = linalg.fill
// CHECK: return %[[SUM]], %[[ZERO]]
func.func @twice(%x: tensor<f32>, %y: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %loss = arith.mulf %x, %x : tensor<f32>
  %dx, %dy = nn.gradient %loss wrt (%x, %y) : tensor<f32>, tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>
  return %dx, %dy : tensor<f32>, tensor<f32>
}

// -----

// Every op without a gradient is named, and only those on the way from the wanted values to the loss.

func.func @refused(%x: tensor<f32>, %y: tensor<f32>) -> tensor<f32> {
  // expected-error @below {{'arith.remf' has no gradient, and the loss depends on trained values through it}}
  %a = arith.remf %x, %x : tensor<f32>
  %frozen = arith.remf %y, %y : tensor<f32>
  %unused = math.clampf %x to [%x, %x] : tensor<f32>
  // expected-error @unknown {{'math.clampf' of layer 'model.odd' has no gradient}}
  %b = math.clampf %a to [%a, %a] : tensor<f32> loc("model.odd")
  %loss = arith.mulf %b, %frozen : tensor<f32>
  %dx = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dx : tensor<f32>
}

// -----

// A step that could learn nothing is refused; elsewhere a gradient may be zero, and one parameter of two may be.
// CHECK-LABEL: func.func @zero
// CHECK: %[[ZERO:.*]] = {{.*}}0.000000e+00
func.func @zero(%x: tensor<f32>) -> tensor<f32> {
  %loss = arith.constant dense<1.0> : tensor<f32>
  %d = nn.gradient %loss wrt (%x) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %d : tensor<f32>
}

// CHECK-LABEL: func.func @one_of_two
// CHECK-NOT: nn.gradient
func.func @one_of_two(%x: tensor<f32> {nn.variable = @x}, %y: tensor<f32> {nn.variable = @y})
    -> (tensor<f32>, tensor<f32>) attributes {nn.entry = "train"} {
  %loss = math.exp %x : tensor<f32>
  %dx, %dy = nn.gradient %loss wrt (%x, %y) : tensor<f32>, tensor<f32>, tensor<f32> -> tensor<f32>, tensor<f32>
  return %dx, %dy : tensor<f32>, tensor<f32>
}

// -----

func.func @nothing_to_learn(%x: tensor<f32>, %y: tensor<f32> {nn.variable = @y}) -> tensor<f32>
    attributes {nn.entry = "train"} {
  %t = math.floor %y : tensor<f32>
  %loss = arith.addf %t, %x : tensor<f32>
  // expected-error @below {{the loss does not depend, in a way that has a gradient, on any parameter that it is minimised over (@y): nothing would be learned}}
  %dy = nn.gradient %loss wrt (%y) : tensor<f32>, tensor<f32> -> tensor<f32>
  return %dy : tensor<f32>
}
