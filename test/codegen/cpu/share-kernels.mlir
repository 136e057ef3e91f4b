// RUN: nnc-opt --nn-share-kernels --split-input-file %s | FileCheck %s

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#product = {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
#elementwise = {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}

// Two equal products, each with what is added to it; a buffer that nobody but one product sees goes along with it.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: %[[X:[a-z0-9]*]]: memref<4x8xf32> {{{[^}]*}}}, %[[W:[a-z0-9]*]]: memref<8x8xf32> {{{[^}]*}}},
// CHECK-SAME: %[[B:[a-z0-9]*]]: memref<8xf32> {{{[^}]*}}}, %[[Y:[a-z0-9]*]]: memref<4x8xf32>
// CHECK: %[[H:.*]] = memref.alloc
// CHECK: call @fit.train.forward(%[[H]], %[[X]], %[[W]], %[[B]]) {nn.writes = array<i1: true, false, false, false>}
// CHECK-NEXT: call @fit.train.forward(%[[Y]], %[[H]], %[[W]], %[[B]])
// A third of another shape stays.
// CHECK-NEXT: linalg.generic
// CHECK: return

// CHECK-LABEL: func.func private @fit.train.forward(
// CHECK-SAME: %[[C:.*]]: memref<4x8xf32>, %[[A:.*]]: memref<4x8xf32>, %[[K:.*]]: memref<8x8xf32>, %[[BIAS:.*]]: memref<8xf32>)
// CHECK-SAME: attributes {nn.kernel}
// CHECK: linalg.generic
// CHECK-SAME: outs(%[[C]]
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[A]], %[[K]]
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[BIAS]]
// CHECK: return
func.func @fit.train(%x: memref<4x8xf32> {nn.input = "x"}, %w: memref<8x8xf32> {nn.input = "w"},
    %bias: memref<8xf32> {nn.input = "b"}, %y: memref<4x8xf32> {nn.output = "y"}, %z: memref<4x4xf32> {nn.output = "z"},
    %v: memref<8x4xf32> {nn.input = "v"}) attributes {nn.entry = "train"} {
  %zero = arith.constant 0.0 : f32
  %h = memref.alloc() : memref<4x8xf32>
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%h : memref<4x8xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  }
  linalg.generic #product ins(%x, %w : memref<4x8xf32>, memref<8x8xf32>) outs(%h : memref<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic #elementwise ins(%bias : memref<8xf32>) outs(%h : memref<4x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%y : memref<4x8xf32>) {
  ^bb0(%o: f32):
    linalg.yield %zero : f32
  }
  linalg.generic #product ins(%h, %w : memref<4x8xf32>, memref<8x8xf32>) outs(%y : memref<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  linalg.generic #elementwise ins(%bias : memref<8xf32>) outs(%y : memref<4x8xf32>) {
  ^bb0(%p: f32, %o: f32):
    %s = arith.addf %o, %p : f32
    linalg.yield %s : f32
  }
  linalg.generic #product ins(%y, %v : memref<4x8xf32>, memref<8x4xf32>) outs(%z : memref<4x4xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// Parallel loops that differ in a number, as random streams do: it is passed. A temporary that one loop alone uses is
// the kernel's own.
// CHECK-LABEL: func.func @m.predict(
// CHECK-NOT: memref.alloc
// CHECK: %[[SEVEN:.*]] = arith.constant 7 : i64
// CHECK: call @m.predict.forward(%{{.*}}, %[[SEVEN]]) {nn.writes = array<i1: true, false>} : (memref<8xi64>, i64)
// CHECK-NEXT: %[[NINE:.*]] = arith.constant 9 : i64
// CHECK-NEXT: call @m.predict.forward(%{{.*}}, %[[NINE]])
// The same loop with another bound is other code.
// CHECK-NEXT: scf.forall
// CHECK: return

// CHECK-LABEL: func.func private @m.predict.forward(
// CHECK-SAME: %{{.*}}: memref<8xi64>, %[[NUMBER:.*]]: i64) attributes {nn.kernel}
// CHECK: memref.alloc
// CHECK: memref.store %[[NUMBER]]
func.func @m.predict(%x: memref<8xi64> {nn.output = "x"}, %y: memref<8xi64> {nn.output = "y"})
    attributes {nn.entry = "predict"} {
  %c7 = arith.constant 7 : i64
  %c9 = arith.constant 9 : i64
  %s = memref.alloc() : memref<8xi64>
  %t = memref.alloc() : memref<8xi64>
  scf.forall (%i) in (8) {
    memref.store %c7, %s[%i] : memref<8xi64>
    %v = memref.load %s[%i] : memref<8xi64>
    memref.store %v, %x[%i] : memref<8xi64>
  }
  scf.forall (%i) in (8) {
    memref.store %c9, %t[%i] : memref<8xi64>
    %v = memref.load %t[%i] : memref<8xi64>
    memref.store %v, %y[%i] : memref<8xi64>
  }
  scf.forall (%i) in (4) {
    memref.store %c9, %y[%i] : memref<8xi64>
  }
  return
}

// -----

// Once in each of two entries is not twice in one: a plan does not depend on what other entries there are.
// CHECK-LABEL: func.func @m.predict(
// CHECK-NEXT: arith.constant
// CHECK-NEXT: scf.forall
// CHECK-LABEL: func.func @m.other(
// CHECK-NEXT: arith.constant
// CHECK-NEXT: scf.forall
// CHECK-NOT: nn.kernel
func.func @m.predict(%x: memref<8xi64> {nn.output = "x"}) attributes {nn.entry = "predict"} {
  %c7 = arith.constant 7 : i64
  scf.forall (%i) in (8) {
    memref.store %c7, %x[%i] : memref<8xi64>
  }
  return
}
func.func @m.other(%x: memref<8xi64> {nn.output = "x"}) attributes {nn.entry = "predict"} {
  %c7 = arith.constant 7 : i64
  scf.forall (%i) in (8) {
    memref.store %c7, %x[%i] : memref<8xi64>
  }
  return
}

// -----

// Twice in each of two: one kernel for all four. What a loop gets from outside, a loaded scalar, is passed.
// CHECK-LABEL: func.func @m.predict(
// CHECK: call @m.predict.forward(%{{.*}}, %{{.*}}) {nn.writes = array<i1: true, false>} : (memref<8xf32>, f32)
// CHECK: call @m.predict.forward(
// CHECK-LABEL: func.func @m.other(
// CHECK: call @m.predict.forward(
// CHECK: call @m.predict.forward(
// CHECK: func.func private @m.predict.forward(
// CHECK-NOT: func.func
func.func @m.predict(%r: memref<f32> {nn.input = "r"}, %x: memref<8xf32> {nn.output = "x"},
    %y: memref<8xf32> {nn.output = "y"}) attributes {nn.entry = "predict"} {
  %v = memref.load %r[] : memref<f32>
  scf.forall (%i) in (8) {
    memref.store %v, %x[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %v, %y[%i] : memref<8xf32>
  }
  return
}
func.func @m.other(%r: memref<f32> {nn.input = "r"}, %x: memref<8xf32> {nn.output = "x"},
    %y: memref<8xf32> {nn.output = "y"}) attributes {nn.entry = "predict"} {
  %v = memref.load %r[] : memref<f32>
  scf.forall (%i) in (8) {
    memref.store %v, %x[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %v, %y[%i] : memref<8xf32>
  }
  return
}

// -----

// The same code is the same kernel where it works for layers in the same way: what it does for whom is counted by its ops'
// places, and its calls say who that is in theirs.
// CHECK-LABEL: func.func @layers.train(
// CHECK: call @layers.train.m.a.forward(
// CHECK: call @layers.train.m.b.forward(
// CHECK: call @layers.train.m.b.forward(
// CHECK: call @layers.train.m.a.forward(
// CHECK: return
#a = loc("m.a"("m.mlir":1:1))
#b = loc("m.b"("m.mlir":2:1))
#c = loc("m.c"("m.mlir":3:1))
#d = loc("m.d"("m.mlir":4:1))
#e = loc("m.e"("m.mlir":5:1))
#f = loc("m.f"("m.mlir":6:1))
func.func @layers.train(%w: memref<8xf32> {nn.output = "w"}, %x: memref<8xf32> {nn.output = "x"},
    %y: memref<8xf32> {nn.output = "y"}, %z: memref<8xf32> {nn.output = "z"}) attributes {nn.entry = "train"} {
  scf.forall (%i) in (8) {
    %v = memref.load %w[%i] : memref<8xf32> loc(#a)
    %p = arith.mulf %v, %v : f32 loc(#a)
    %s = arith.addf %p, %v : f32 loc(#a)
    memref.store %s, %w[%i] : memref<8xf32> loc(#a)
  } loc(#a)
  scf.forall (%i) in (8) {
    %v = memref.load %x[%i] : memref<8xf32> loc(#b)
    %p = arith.mulf %v, %v : f32 loc(#b)
    %s = arith.addf %p, %v : f32 loc(#c)
    memref.store %s, %x[%i] : memref<8xf32> loc(#c)
  } loc(fused[#b, #c])
  scf.forall (%i) in (8) {
    %v = memref.load %y[%i] : memref<8xf32> loc(#d)
    %p = arith.mulf %v, %v : f32 loc(#d)
    %s = arith.addf %p, %v : f32 loc(#e)
    memref.store %s, %y[%i] : memref<8xf32> loc(#e)
  } loc(fused[#d, #e])
  scf.forall (%i) in (8) {
    %v = memref.load %z[%i] : memref<8xf32> loc(#f)
    %p = arith.mulf %v, %v : f32 loc(#f)
    %s = arith.addf %p, %v : f32 loc(#f)
    memref.store %s, %z[%i] : memref<8xf32> loc(#f)
  } loc(#f)
  return
}
