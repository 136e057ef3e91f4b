// Elementary functions become arithmetic, fma and select, on scalars and vectors of f32 and f64; what they compute is
// checked in codegen/elementary-functions.test.
// RUN: nnc-opt %s --nn-expand-math --split-input-file --verify-diagnostics | FileCheck %s

// n = round(x / ln 2) by adding and subtracting 1.5 · 2^23; x - n ln 2 in two steps; a polynomial; times 2^n in two
// steps, so that a subnormal result is rounded once.
// CHECK-LABEL: @exp
// CHECK-NOT: math.exp
// CHECK: arith.select
// CHECK: arith.select
// CHECK: %[[SHIFTED:.*]] = math.fma
// CHECK: %[[N:.*]] = arith.subf %[[SHIFTED]]
// CHECK: math.fma %[[N]]
// CHECK: math.fma %[[N]]
// CHECK: arith.shli
// CHECK: arith.mulf
// CHECK: arith.shli
// CHECK: arith.mulf
func.func @exp(%x: f32) -> f32 {
  %y = math.exp %x : f32
  return %y : f32
}

// CHECK-LABEL: @all
// CHECK-NOT: math.{{(exp|log|tanh|erf|sin|cos|tan|pow|rsqrt|floor|ceil|round|trunc)}}
// CHECK-NOT: scf.if
// CHECK: return
func.func @all(%x: vector<8xf64>) -> vector<8xf64> {
  %0 = math.exp %x : vector<8xf64>
  %1 = math.exp2 %0 : vector<8xf64>
  %2 = math.expm1 %1 : vector<8xf64>
  %3 = math.log %2 : vector<8xf64>
  %4 = math.log2 %3 : vector<8xf64>
  %5 = math.log10 %4 : vector<8xf64>
  %6 = math.log1p %5 : vector<8xf64>
  %7 = math.tanh %6 : vector<8xf64>
  %8 = math.erf %7 : vector<8xf64>
  %9 = math.sin %8 : vector<8xf64>
  %10 = math.cos %9 : vector<8xf64>
  %11 = math.tan %10 : vector<8xf64>
  %12 = math.powf %11, %x : vector<8xf64>
  %13 = math.rsqrt %12 : vector<8xf64>
  %14 = math.floor %13 : vector<8xf64>
  %15 = math.ceil %14 : vector<8xf64>
  %16 = math.roundeven %15 : vector<8xf64>
  %17 = math.trunc %16 : vector<8xf64>
  %18 = math.round %17 : vector<8xf64>
  %19 = math.erfc %18 : vector<8xf64>
  return %19 : vector<8xf64>
}

// What is an instruction stays.
// CHECK-LABEL: @instructions
// CHECK: math.sqrt
// CHECK: math.absf
// CHECK: math.copysign
// CHECK: math.fma
func.func @instructions(%x: f32) -> f32 {
  %0 = math.sqrt %x : f32
  %1 = math.absf %0 : f32
  %2 = math.copysign %1, %x : f32
  %3 = math.fma %0, %1, %2 : f32
  return %3 : f32
}

// In the bodies of linalg ops, where models' functions stand.
// CHECK-LABEL: @body
// CHECK: linalg.generic
// CHECK-NOT: math.tanh
// CHECK: linalg.yield
func.func @body(%x: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]} outs(%x : tensor<4xf32>) {
  ^bb0(%e: f32):
    %y = math.tanh %e : f32
    linalg.yield %y : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// All of them at once.
func.func @unknown(%x: f32, %h: f16) -> (f32, f16) {
  // expected-error @below {{math.atan2 on 'f32' cannot be compiled for this target: no expansion into arithmetic is known}}
  %0 = math.atan2 %x, %x : f32
  // expected-error @below {{math.exp on 'f16' cannot be compiled for this target: no expansion into arithmetic is known}}
  %1 = math.exp %h : f16
  return %0, %1 : f32, f16
}
