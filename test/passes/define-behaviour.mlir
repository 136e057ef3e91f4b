// RUN: nnc-opt %s --nn-define-behaviour --split-input-file --verify-diagnostics | FileCheck %s

// An index that may be wrong is made the last one at most; what is known to be right stays as it is.
// CHECK-LABEL: func @indices
// CHECK: %[[last:.*]] = arith.constant 3 : index
// CHECK: %[[i:.*]] = arith.minui %arg1, %[[last]]
// CHECK: tensor.extract %arg0[%[[i]]]
// CHECK: %[[j:.*]] = arith.minui %arg1, %{{.*}}
// CHECK: tensor.insert %{{.*}} into %arg0[%[[j]]]
// CHECK: scf.for %[[iv:[a-z0-9]+]] =
// CHECK: %[[back:.*]] = arith.subi %{{.*}}, %[[iv]]
// CHECK-NOT: minui
// CHECK: tensor.extract %{{.*}}[%[[iv]]]
// CHECK: tensor.extract %{{.*}}[%[[back]]]
// CHECK: scf.for %[[wide:[a-z0-9]+]] =
// CHECK: %[[narrow:.*]] = arith.minui %[[wide]]
// CHECK: tensor.extract %{{.*}}[%[[narrow]]]
func.func @indices(%t: tensor<4xf32>, %i: index) -> (tensor<4xf32>, f32, f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %c5 = arith.constant 5 : index
  %x = tensor.extract %t[%i] : tensor<4xf32>
  %u = tensor.insert %x into %t[%i] : tensor<4xf32>
  %sum = scf.for %k = %c0 to %c4 step %c1 iter_args(%s = %x) -> f32 {
    %back = arith.subi %c3, %k : index
    %p = tensor.extract %t[%k] : tensor<4xf32>
    %q = tensor.extract %t[%back] : tensor<4xf32>
    %pq = arith.addf %p, %q : f32
    %next = arith.addf %s, %pq : f32
    scf.yield %next : f32
  }
  %other = scf.for %k = %c0 to %c5 step %c1 iter_args(%s = %x) -> f32 {
    %p = tensor.extract %t[%k] : tensor<4xf32>
    %next = arith.addf %s, %p : f32
    scf.yield %next : f32
  }
  return %u, %sum, %other : tensor<4xf32>, f32, f32
}

// CHECK-LABEL: func @slices
// CHECK: %[[last:.*]] = arith.constant 2 : index
// CHECK: %[[i:.*]] = arith.minui %arg2, %[[last]]
// CHECK: tensor.extract_slice %arg0[%[[i]], 0] [3, 2] [2, 1]
// CHECK: %[[j:.*]] = arith.minui %arg2, %{{.*}}
// CHECK: tensor.insert_slice %{{.*}} into %arg0[%[[j]], 0]
func.func @slices(%t: tensor<7x2xf32>, %s: tensor<3x2xf32>, %i: index) -> (tensor<3x2xf32>, tensor<7x2xf32>) {
  %a = tensor.extract_slice %t[%i, 0] [3, 2] [2, 1] : tensor<7x2xf32> to tensor<3x2xf32>
  %b = tensor.insert_slice %s into %t[%i, 0] [3, 2] [1, 1] : tensor<3x2xf32> into tensor<7x2xf32>
  return %a, %b : tensor<3x2xf32>, tensor<7x2xf32>
}

// In a body too; the dimensions that linalg.index gives are known.
// CHECK-LABEL: func @body
// CHECK: linalg.generic
// CHECK-NOT: minui
// CHECK: tensor.extract %arg0
// CHECK: arith.minui
// CHECK: tensor.extract %arg1
func.func @body(%t: tensor<4xf32>, %u: tensor<3xf32>, %o: tensor<4xf32>) -> tensor<4xf32> {
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      outs(%o : tensor<4xf32>) {
    ^bb0(%old: f32):
      %i = linalg.index 0 : index
      %a = tensor.extract %t[%i] : tensor<4xf32>
      %b = tensor.extract %u[%i] : tensor<3xf32>
      %s = arith.addf %a, %b : f32
      linalg.yield %s : f32
  } -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: func @division
// CHECK: %[[zero:.*]] = arith.cmpi eq, %arg1, %{{.*}}
// CHECK: %[[smallest:.*]] = arith.cmpi eq, %arg0, %c-2147483648_i32
// CHECK: %[[minus:.*]] = arith.cmpi eq, %arg1, %c-1_i32
// CHECK: %[[overflow:.*]] = arith.andi
// CHECK: %[[unsafe:.*]] = arith.ori %[[zero]], %[[overflow]]
// CHECK: %[[safe:.*]] = arith.select %[[unsafe]], %c1_i32{{.*}}, %arg1
// CHECK: %[[q:.*]] = arith.divsi %arg0, %[[safe]]
// CHECK: %[[quotient:.*]] = arith.select %[[zero]], %c0_i32{{.*}}, %[[q]]
// CHECK: %[[three:.*]] = arith.divsi %[[quotient]], %c3_i32
// CHECK: %[[safe2:.*]] = arith.select
// CHECK-NEXT: %[[rest:.*]] = arith.remui %[[three]], %[[safe2]]
// CHECK-NEXT: return %[[rest]]
func.func @division(%a: i32, %b: i32) -> i32 {
  %three = arith.constant 3 : i32
  %q = arith.divsi %a, %b : i32
  %p = arith.divsi %q, %three : i32
  %r = arith.remui %p, %b : i32
  return %r : i32
}

// Tensors, and named ops, whose bodies are fixed.
// CHECK-LABEL: func @division_of_tensors
// CHECK: arith.select
// CHECK: arith.divsi {{.*}} : tensor<4xi32>
// CHECK: arith.select
// CHECK: linalg.generic
// CHECK: arith.select
// CHECK: arith.divsi
// CHECK: arith.select
func.func @division_of_tensors(%a: tensor<4xi32>, %b: tensor<4xi32>) -> (tensor<4xi32>, tensor<4xi32>) {
  %q = arith.divsi %a, %b : tensor<4xi32>
  %p = linalg.div ins(%a, %b : tensor<4xi32>, tensor<4xi32>) outs(%a : tensor<4xi32>) -> tensor<4xi32>
  return %q, %p : tensor<4xi32>, tensor<4xi32>
}

// A quotient that may be of zero is not what inference takes it for: [8, 10] / [0, 2] includes 0.
// CHECK-LABEL: func @range_after_division
// CHECK: arith.divui
// CHECK: arith.minui
// CHECK: tensor.extract
func.func @range_after_division(%t: tensor<7xf32>, %i: index) -> f32 {
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c10 = arith.constant 10 : index
  %a0 = arith.minui %i, %c10 : index
  %a = arith.maxui %a0, %c8 : index
  %b = arith.minui %i, %c2 : index
  %q = arith.divui %a, %b : index
  %k = arith.subi %q, %c4 : index
  %x = tensor.extract %t[%k] : tensor<7xf32>
  return %x : f32
}

// CHECK-LABEL: func @shift
// CHECK: %[[n:.*]] = arith.minui %arg1, %c31_i32
// CHECK: %[[short:.*]] = arith.cmpi ule, %arg1, %c31_i32
// CHECK: %[[s:.*]] = arith.shli %arg0, %[[n]]
// CHECK: arith.select %[[short]], %[[s]], %c0_i32
// CHECK: %[[m:.*]] = arith.minui
// CHECK: arith.shrsi %{{.*}}, %[[m]]
// CHECK: arith.shrui %{{.*}}, %c7_i32
func.func @shift(%a: i32, %n: i32) -> i32 {
  %c7 = arith.constant 7 : i32
  %s = arith.shli %a, %n : i32
  %r = arith.shrsi %s, %n : i32
  %u = arith.shrui %r, %c7 : i32
  return %u : i32
}

// CHECK-LABEL: func @conversion
// CHECK: arith.cmpf ogt, %arg0, %cst
// CHECK: arith.cmpf olt, %arg0
// CHECK: arith.cmpf uno, %arg0
// CHECK: %[[x:.*]] = arith.select
// CHECK: arith.fptosi %[[x]]
func.func @conversion(%x: f32) -> i32 {
  %i = arith.fptosi %x : f32 to i32
  return %i : i32
}

// CHECK-LABEL: func @step
// CHECK: %[[step:.*]] = arith.maxsi %arg1, %c1
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %[[step]]
func.func @step(%x: f32, %n: index) -> f32 {
  %c0 = arith.constant 0 : index
  %c5 = arith.constant 5 : index
  %y = scf.for %i = %c0 to %c5 step %n iter_args(%a = %x) -> f32 {
    %b = arith.addf %a, %a : f32
    scf.yield %b : f32
  }
  return %y : f32
}

// CHECK-LABEL: func @flags
// CHECK: arith.addi %arg0, %arg0 : i32
// CHECK: arith.mulf %arg1, %arg1 : f32
// CHECK: arith.shrui %{{.*}}, %c1_i32 : i32
func.func @flags(%a: i32, %x: f32) -> (i32, f32) {
  %c1 = arith.constant 1 : i32
  %b = arith.addi %a, %a overflow<nsw, nuw> : i32
  %y = arith.mulf %x, %x fastmath<nnan> : f32
  %c = arith.shrui %b, %c1 exact : i32
  return %c, %y : i32, f32
}

// What is written whole needs no values before; what may be written in part starts from zeros.
// CHECK-LABEL: func @empty
// CHECK: %[[whole:.*]] = tensor.empty() : tensor<2x2xf32>
// CHECK-NEXT: linalg.exp ins(%arg0 : tensor<2x2xf32>) outs(%[[whole]]
// CHECK: %[[part:.*]] = tensor.empty() : tensor<4x2xf32>
// CHECK: %[[zeros:.*]] = linalg.fill ins(%{{.*}}) outs(%[[part]]
// CHECK: tensor.insert_slice %{{.*}} into %[[zeros]]
// CHECK: %[[carried:.*]] = tensor.empty() : tensor<3xf32>
// CHECK: %[[zeros2:.*]] = linalg.fill ins(%{{.*}}) outs(%[[carried]]
// CHECK: scf.for {{.*}} = %[[zeros2]])
func.func @empty(%x: tensor<2x2xf32>, %f: f32) -> (tensor<4x2xf32>, tensor<3xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<2x2xf32>
  %y = linalg.exp ins(%x : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %p = tensor.empty() : tensor<4x2xf32>
  %i = tensor.insert_slice %y into %p[1, 0] [2, 2] [1, 1] : tensor<2x2xf32> into tensor<4x2xf32>
  %c = tensor.empty() : tensor<3xf32>
  %l = scf.for %k = %c0 to %c3 step %c1 iter_args(%a = %c) -> tensor<3xf32> {
    %n = tensor.insert %f into %a[%k] : tensor<3xf32>
    scf.yield %n : tensor<3xf32>
  }
  return %i, %l : tensor<4x2xf32>, tensor<3xf32>
}

// -----

func.func @constants(%t: tensor<4x2xf32>, %a: i32, %x: f32) -> tensor<4x2xf32> {
  %c0 = arith.constant 0 : index
  %c9 = arith.constant 9 : index
  %m = arith.constant -1 : index
  %zero = arith.constant 0 : i32
  // expected-error @below {{'tensor.extract' op has index 9 in dimension 0, which goes from 0 to 3}}
  %e = tensor.extract %t[%c9, %c0] : tensor<4x2xf32>
  // expected-error @below {{'tensor.insert' op has index -1 in dimension 1, which goes from 0 to 1}}
  %i = tensor.insert %e into %t[%c0, %m] : tensor<4x2xf32>
  // expected-error @below {{'tensor.extract_slice' op has offset 9 in dimension 0, which goes from 0 to 2}}
  %s = tensor.extract_slice %t[%c9, 0] [2, 2] [1, 1] : tensor<4x2xf32> to tensor<2x2xf32>
  // expected-error @below {{'arith.divsi' op divides by a constant zero}}
  %q = arith.divsi %a, %zero : i32
  // expected-error @below {{'scf.for' op advances by 0: its step must be positive}}
  %l = scf.for %k = %c0 to %c9 step %c0 iter_args(%b = %x) -> f32 {
    %n = arith.addf %b, %b : f32
    scf.yield %n : f32
  }
  return %i : tensor<4x2xf32>
}

// -----

func.func @sizes(%t: tensor<4x2xf32>, %n: index, %zero: f32) -> tensor<5x2xf32> {
  // expected-error @below {{'tensor.extract_slice' op has a stride in dimension 0 that is not known at compile time}}
  %s = tensor.extract_slice %t[0, 0] [2, 2] [%n, 1] : tensor<4x2xf32> to tensor<2x2xf32>
  // expected-error @below {{'tensor.pad' op pads by an amount that is not known at compile time}}
  %p = tensor.pad %t low[%n, 0] high[1, 0] {
    ^bb0(%i: index, %j: index):
      tensor.yield %zero : f32
  } : tensor<4x2xf32> to tensor<5x2xf32>
  // expected-error @below {{'tensor.dim' op asks for a dimension that is not known at compile time}}
  %d = tensor.dim %t, %n : tensor<4x2xf32>
  return %p : tensor<5x2xf32>
}

// -----

func.func @uninitialised(%x: tensor<4x2xf32>, %w: tensor<2x3xf32>, %c: index) -> tensor<2x4xf32> {
  // expected-note @below {{made here}}
  %e = tensor.empty() : tensor<4x2xf32>
  // expected-error @below {{'linalg.add' op reads operand 1, a tensor.empty, whose elements have no values; write some into it first, with linalg.fill for instance}}
  %a = linalg.add ins(%x, %e : tensor<4x2xf32>, tensor<4x2xf32>) outs(%x : tensor<4x2xf32>) -> tensor<4x2xf32>
  // expected-note @below {{made here}}
  %f = tensor.empty() : tensor<4x3xf32>
  // expected-error @below {{'linalg.matmul' op reads operand 2, a tensor.empty}}
  %b = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  // expected-note @below {{made here}}
  %g = tensor.empty() : tensor<8xf32>
  %h = tensor.expand_shape %g [[0, 1]] output_shape [4, 2] : tensor<8xf32> into tensor<4x2xf32>
  // expected-error @below {{'arith.addf' op reads operand 0, a tensor.empty}}
  %i = arith.addf %h, %x : tensor<4x2xf32>
  // expected-note @below {{made here}}
  %k = tensor.empty() : tensor<8xf32>
  // expected-error @below {{'tensor.extract' op reads operand 0, a tensor.empty}}
  %l = tensor.extract %k[%c] : tensor<8xf32>
  // expected-note @below {{made here}}
  %m = tensor.empty() : tensor<2x4xf32>
  // expected-error @below {{'func.return' op reads operand 0, a tensor.empty}}
  return %m : tensor<2x4xf32>
}
