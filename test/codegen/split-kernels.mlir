// RUN: nnc-opt --nn-split-kernels --split-input-file %s | FileCheck %s

// Each parallel loop has a kernel of its own, of what it uses; callers allocate what kernels allocated, and count the
// copies made in them.
// CHECK-LABEL: func.func @m.predict(
// CHECK-SAME: %[[A:.*]]: memref<8xf32> {{{.*}}}, %[[C:.*]]: memref<8xf32> {{{.*}}}, %[[D:.*]]: memref<8xf32>
// CHECK-SAME: nn.copies = {packed = 3 : i64}
// CHECK: %[[P:.*]] = memref.alloc() {alignment = 64 : i64} : memref<8xf32>
// CHECK-NEXT: call @[[FIRST:k_0]](%[[A]], %[[P]]) {nn.writes = array<i1: false, true>}
// CHECK-NEXT: call @[[SECOND:k_1]](%[[P]], %[[C]]) {nn.writes = array<i1: true, true>}
// CHECK-NEXT: %[[Q:.*]] = memref.alloc() {alignment = 64 : i64} : memref<8xf32>
// CHECK-NEXT: call @[[FIRST]](%[[A]], %[[Q]])
// CHECK-NEXT: call @[[SECOND]](%[[Q]], %[[D]])
// CHECK-NEXT: return
// CHECK: func.func private @[[FIRST]](
// CHECK-SAME: attributes {nn.kernel}
// CHECK: scf.forall
// CHECK-NOT: scf.forall
// Scratch of a parallel loop is its own.
// CHECK: func.func private @[[SECOND]](
// CHECK-NEXT: arith.constant
// CHECK-NEXT: scf.forall
// CHECK-NEXT: memref.alloc() : memref<1xf32>
// CHECK-NOT: func.func
func.func @m.predict(%a: memref<8xf32> {nn.input = "a"}, %c: memref<8xf32> {nn.output = "c"},
    %d: memref<8xf32> {nn.output = "d"}) attributes {nn.entry = "predict", nn.copies = {packed = 1 : i64}} {
  call @k(%a, %c) {nn.writes = array<i1: false, true>} : (memref<8xf32>, memref<8xf32>) -> ()
  call @k(%a, %d) {nn.writes = array<i1: false, true>} : (memref<8xf32>, memref<8xf32>) -> ()
  return
}
func.func private @k(%a: memref<8xf32>, %c: memref<8xf32>) attributes {nn.kernel, nn.copies = {packed = 1 : i64}} {
  %p = memref.alloc() {alignment = 64 : i64} : memref<8xf32>
  %c0 = arith.constant 0 : index
  scf.forall (%i) in (8) {
    %v = memref.load %a[%i] : memref<8xf32>
    memref.store %v, %p[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    %s = memref.alloc() : memref<1xf32>
    %v = memref.load %p[%i] : memref<8xf32>
    memref.store %v, %s[%c0] : memref<1xf32>
    %w = memref.load %s[%c0] : memref<1xf32>
    memref.store %w, %c[%i] : memref<8xf32>
  }
  return
}

// -----

// Parts that need more of each other than buffers stay together.
// CHECK-LABEL: func.func @m.predict(
// CHECK: call @k(
// CHECK-NOT: call
// CHECK: func.func private @k(
// CHECK: memref.load
// CHECK: scf.forall
func.func @m.predict(%a: memref<8xf32> {nn.input = "a"}, %c: memref<8xf32> {nn.output = "c"})
    attributes {nn.entry = "predict"} {
  call @k(%a, %c) : (memref<8xf32>, memref<8xf32>) -> ()
  return
}
func.func private @k(%a: memref<8xf32>, %c: memref<8xf32>) attributes {nn.kernel} {
  %c0 = arith.constant 0 : index
  %v = memref.load %a[%c0] : memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %v, %c[%i] : memref<8xf32>
  }
  return
}
