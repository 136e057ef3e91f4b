// RUN: nnc-opt --nn-outline-parallel --split-input-file --verify-diagnostics %s | FileCheck %s

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 128 : i64, variables = {}}} {
// The body knows the arena, the buffer's place and the scalar from its context, makes constants anew, and has its worker's
// scratch.
// CHECK-LABEL: func.func private @m.predict.parallel_0(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %[[TASK:.*]]: i64, %[[WORKER:.*]]: i64)
// CHECK: %[[ARENA:.*]] = builtin.unrealized_conversion_cast
// CHECK-DAG: %[[SCALE:.*]] = llvm.load %{{.*}} : !llvm.ptr -> f32
// CHECK-DAG: %[[FIELD:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK-DAG: %[[PLACE:.*]] = arith.index_cast %[[FIELD]] : i64 to index
// CHECK-DAG: %[[X:.*]] = memref.view %[[ARENA]][%[[PLACE]]][] : memref<?xi8> to memref<8x4xf32>
// CHECK-DAG: %[[W:.*]] = arith.index_cast %[[WORKER]] : i64 to index
// CHECK: %[[I:.*]] = arith.index_cast %[[TASK]] : i64 to index
// CHECK: %[[SCRATCH:.*]] = memref.view %[[ARENA]][%{{.*}}][] : memref<?xi8> to memref<4xf32>
// CHECK: memref.store %[[SCALE]], %[[SCRATCH]]
// CHECK: memref.store %{{.*}}, %[[X]][%[[I]], %{{.*}}]
// CHECK-NOT: memref.alloc

// The second loop's tasks are numbered row by row: 2 × 3.
// CHECK-LABEL: func.func private @m.predict.parallel_1(
// CHECK: %[[ROW:.*]] = arith.divui
// CHECK: %[[COLUMN:.*]] = arith.remui
// CHECK: memref.store {{.*}}[%[[ROW]], %[[COLUMN]]]

// One task: called straight away.
// CHECK-LABEL: func.func private @m.predict.parallel_2(
// The loop inside is a serial one.
// CHECK: scf.for

// CHECK-LABEL: func.func @m.predict(
// CHECK: llvm.alloca {{.*}} x !llvm.struct<(ptr, i64, f32)>
// CHECK: %[[BODY:.*]] = constant @m.predict.parallel_0
// CHECK: call @nnc_rt_parallel_for(%[[BODY]], %{{.*}}, %{{.*}})
// CHECK: call @nnc_rt_parallel_for(
// CHECK: call @m.predict.parallel_2(
// CHECK-NOT: scf.forall
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %lr = memref.view %arena[%c0][] : memref<?xi8> to memref<f32>
  %x = memref.view %arena[%c64][] : memref<?xi8> to memref<8x4xf32>
  %scale = memref.load %lr[] : memref<f32>
  scf.forall (%i) in (8) {
    %a = memref.alloc() {nn.worker_offset = 64 : i64} : memref<4xf32>
    memref.store %scale, %a[%c0] : memref<4xf32>
    %v = memref.load %a[%c0] : memref<4xf32>
    memref.store %v, %x[%i, %c0] : memref<8x4xf32>
  }
  scf.forall (%i, %j) in (2, 3) {
    memref.store %scale, %x[%i, %j] : memref<8x4xf32>
  }
  scf.forall (%i) = (0) to (2) step (2) {
    scf.forall (%j) in (4) {
      memref.store %scale, %x[%i, %j] : memref<8x4xf32>
    }
  }
  return
}
// CHECK: func.func private @nnc_rt_parallel_for((!llvm.ptr, i64, i64) -> (), !llvm.ptr, i64)
}

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
// Loops that differ only in their buffers have one body, in whatever entries they stand.
// CHECK-LABEL: func.func private @m.train.parallel_0(
// CHECK-LABEL: func.func @m.train(
// CHECK-COUNT-2: constant @m.train.parallel_0
// CHECK-LABEL: func.func private @m.predict.parallel_0(
// CHECK-LABEL: func.func @m.predict(
// CHECK: constant @m.train.parallel_0
// CHECK: constant @m.predict.parallel_0
// CHECK-NOT: func.func private @m.{{.*}}parallel
func.func @m.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %one = arith.constant 1.0 : f32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  %y = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %one, %x[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %one, %y[%i] : memref<8xf32>
  }
  return
}
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c128 = arith.constant 128 : index
  %one = arith.constant 1.0 : f32
  %two = arith.constant 2.0 : f32
  %z = memref.view %arena[%c128][] : memref<?xi8> to memref<8xf32>
  scf.forall (%i) in (8) {
    memref.store %one, %z[%i] : memref<8xf32>
  }
  scf.forall (%i) in (8) {
    memref.store %two, %z[%i] : memref<8xf32>
  }
  return
}
}

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %n = memref.view %arena[%c0][] : memref<?xi8> to memref<index>
  %count = memref.load %n[] : memref<index>
  // expected-error@+1 {{is a parallel loop without constant bounds}}
  scf.forall (%i) in (%count) {
  }
  return
}
}

// -----

// expected-error@+1 {{has no arena; --nn-plan-arena makes one}}
func.func @m.predict(%x: memref<4xf32>) attributes {nn.entry = "predict"} {
  scf.forall (%i) in (4) {
  }
  return
}
