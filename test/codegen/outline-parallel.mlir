// RUN: nnc-opt --nn-outline-parallel --split-input-file --verify-diagnostics %s | FileCheck %s

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 128 : i64, variables = {}}} {
// The body knows the arena, the buffer's place and the scalar from its context, makes constants anew, and has its worker's
// scratch.
// CHECK-LABEL: func.func private @m.predict.forward.0(
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
// CHECK-LABEL: func.func private @m.predict.forward.1(
// CHECK: %[[ROW:.*]] = arith.divui
// CHECK: %[[COLUMN:.*]] = arith.remui
// CHECK: memref.store {{.*}}[%[[ROW]], %[[COLUMN]]]

// One task: called straight away.
// CHECK-LABEL: func.func private @m.predict.forward.2(
// The loop inside is a serial one.
// CHECK: scf.for

// CHECK-LABEL: func.func @m.predict(
// One context for all calls, of as many fields as the largest needs.
// CHECK: %[[FIELDS:.*]] = llvm.mlir.constant(3 : i64)
// CHECK: llvm.alloca %[[FIELDS]] x i64
// CHECK-NOT: llvm.alloca
// CHECK: %[[BODY:.*]] = constant @m.predict.forward.0
// CHECK: call @nnc_rt_parallel_for(%[[BODY]], %{{.*}}, %{{.*}})
// CHECK: call @nnc_rt_parallel_for(
// CHECK: call @m.predict.forward.2(
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
// Loops that differ only in their buffers, and in numbers, have one body, in whatever entries they stand; its name is the
// first's, and says of how many more it is. The number comes from the context.
// CHECK-LABEL: func.func private @m.train.forward.0.and_3_more(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i64)
// CHECK: %[[FIELD:.*]] = llvm.getelementptr %[[CONTEXT]][16] : (!llvm.ptr) -> !llvm.ptr, i8
// CHECK: %[[NUMBER:.*]] = llvm.load %[[FIELD]] : !llvm.ptr -> f32
// CHECK: memref.store %[[NUMBER]]
// CHECK-LABEL: func.func @m.train(
// CHECK: %[[ONE:.*]] = arith.constant 1.0{{.*}} : f32
// CHECK: llvm.store %[[ONE]]
// CHECK-COUNT-2: constant @m.train.forward.0.and_3_more
// CHECK-LABEL: func.func @m.predict(
// CHECK: constant @m.train.forward.0.and_3_more
// CHECK: %[[TWO:.*]] = arith.constant 2.0{{.*}} : f32
// CHECK: llvm.store %[[TWO]]
// CHECK: constant @m.train.forward.0.and_3_more
// CHECK-NOT: func.func private @m.{{.*}}forward
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

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
// Indices are no numbers that are passed: these loops stay apart. Names say the layer and the stage of a training step, as far as locations know them; each layer and stage counts its
// own. What operations of two stages were fused into names both.
// CHECK: func.func private @m.train.m.dense.forward.0(
// CHECK: func.func private @m.train.m.dense.backward.0(
// CHECK: func.func private @m.train.m.dense.backward.1(
// CHECK: func.func private @m.train.m.dense.backward_update.0(
// CHECK: func.func private @m.train.update.0(
// CHECK-LABEL: func.func @m.train(
func.func @m.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xi32>
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant 0 : i32
  scf.forall (%i) in (8) {
    memref.store %zero, %x[%c0] : memref<8xi32>
  } loc("m.dense"("m.mlir":1:1))
  scf.forall (%i) in (8) {
    memref.store %zero, %x[%c1] : memref<8xi32>
  } loc(fused<"backward">["m.dense"("m.mlir":1:1)])
  scf.forall (%i) in (8) {
    memref.store %zero, %x[%c2] : memref<8xi32>
  } loc(fused<"backward">["m.dense"("m.mlir":1:1)])
  scf.forall (%i) in (8) {
    memref.store %zero, %x[%c3] : memref<8xi32>
  } loc(fused[fused<"backward">["m.dense"("m.mlir":1:1)], fused<"update">["m.dense"("m.mlir":1:1)]])
  scf.forall (%i) in (8) {
    memref.store %zero, %x[%c4] : memref<8xi32>
  } loc(fused<"update">["m.mlir":2:1])
  return
}
}

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 64 : i64, variables = {}}} {
// Serial code is a function too, as far as one layer and stage go, with the parallel loops in it; equal layers have one.
// CHECK-LABEL: func.func private @m.train.m.a.forward.0.and_1_more(
// CHECK: memref.view
// CHECK-LABEL: func.func private @m.train.m.a.forward.serial_0.and_1_more(
// CHECK: llvm.alloca
// CHECK: scf.for
// CHECK: call @nnc_rt_parallel_for(
// CHECK-NOT: func.func private @m.{{.*}}forward
// CHECK-LABEL: func.func @m.train(
// CHECK-COUNT-2: call @m.train.m.a.forward.serial_0.and_1_more(
// A result that other code needs keeps its loop where it is.
// CHECK: scf.for
// CHECK-NOT: call
// CHECK: return
func.func @m.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %one = arith.constant 1.0 : f32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  %y = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  %z = memref.view %arena[%c128][] : memref<?xi8> to memref<f32>
  scf.for %t = %c0 to %c8 step %c1 {
    scf.forall (%i) in (8) {
      %a = memref.alloc() {nn.worker_offset = 0 : i64} : memref<f32>
      memref.store %one, %a[] : memref<f32>
      memref.store %one, %x[%t] : memref<8xf32>
    } loc("m.a"("m.mlir":1:1))
  } loc("m.a"("m.mlir":1:1))
  scf.for %t = %c0 to %c8 step %c1 {
    scf.forall (%i) in (8) {
      %a = memref.alloc() {nn.worker_offset = 0 : i64} : memref<f32>
      memref.store %one, %a[] : memref<f32>
      memref.store %one, %y[%t] : memref<8xf32>
    } loc("m.b"("m.mlir":2:1))
  } loc("m.b"("m.mlir":2:1))
  %sum = scf.for %t = %c0 to %c8 step %c1 iter_args(%s = %one) -> f32 {
    %v = memref.load %x[%t] : memref<8xf32>
    %next = arith.addf %s, %v : f32
    scf.yield %next : f32
  } loc("m.c"("m.mlir":3:1))
  memref.store %sum, %z[] : memref<f32> loc("m.d"("m.mlir":4:1))
  return
}
}

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
// Code that differs in more than 8 numbers is not the same code; nor is code with a parallel loop in it that differs in
// any, as the loop's function knows them.
// CHECK-LABEL: func.func private @m.train.forward.0(
// CHECK-LABEL: func.func private @m.train.forward.1(
// CHECK-LABEL: func.func private @m.train.m.a.forward.serial_0(
// CHECK-LABEL: func.func private @m.train.m.b.forward.serial_0(
// CHECK-LABEL: func.func @m.train(
func.func @m.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xi32>
  %n0 = arith.constant 0 : i32
  %n1 = arith.constant 1 : i32
  %n2 = arith.constant 2 : i32
  %n3 = arith.constant 3 : i32
  %n4 = arith.constant 4 : i32
  %n5 = arith.constant 5 : i32
  %n6 = arith.constant 6 : i32
  %n7 = arith.constant 7 : i32
  %n8 = arith.constant 8 : i32
  %n9 = arith.constant 9 : i32
  %n10 = arith.constant 10 : i32
  %n11 = arith.constant 11 : i32
  %n12 = arith.constant 12 : i32
  %n13 = arith.constant 13 : i32
  %n14 = arith.constant 14 : i32
  %n15 = arith.constant 15 : i32
  %n16 = arith.constant 16 : i32
  %n17 = arith.constant 17 : i32
  scf.forall (%i) in (8) {
    memref.store %n0, %x[%i] : memref<8xi32>
    memref.store %n1, %x[%i] : memref<8xi32>
    memref.store %n2, %x[%i] : memref<8xi32>
    memref.store %n3, %x[%i] : memref<8xi32>
    memref.store %n4, %x[%i] : memref<8xi32>
    memref.store %n5, %x[%i] : memref<8xi32>
    memref.store %n6, %x[%i] : memref<8xi32>
    memref.store %n7, %x[%i] : memref<8xi32>
    memref.store %n8, %x[%i] : memref<8xi32>
  }
  scf.forall (%i) in (8) {
    memref.store %n9, %x[%i] : memref<8xi32>
    memref.store %n10, %x[%i] : memref<8xi32>
    memref.store %n11, %x[%i] : memref<8xi32>
    memref.store %n12, %x[%i] : memref<8xi32>
    memref.store %n13, %x[%i] : memref<8xi32>
    memref.store %n14, %x[%i] : memref<8xi32>
    memref.store %n15, %x[%i] : memref<8xi32>
    memref.store %n16, %x[%i] : memref<8xi32>
    memref.store %n17, %x[%i] : memref<8xi32>
  }
  scf.for %t = %c0 to %c8 step %c1 {
    scf.forall (%i) in (8) {
      memref.store %n0, %x[%t] : memref<8xi32>
    } loc("m.a"("m.mlir":1:1))
  } loc("m.a"("m.mlir":1:1))
  scf.for %t = %c0 to %c8 step %c1 {
    scf.forall (%i) in (8) {
      memref.store %n1, %x[%t] : memref<8xi32>
    } loc("m.b"("m.mlir":1:1))
  } loc("m.b"("m.mlir":1:1))
  return
}
}

// -----

// Calls of a shared kernel become calls of one function: of the parallel loop that it is, with the number that each
// passes; or of the code that it is, whose loops are functions in their turn.
module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
// CHECK-LABEL: func.func private @m.predict.forward.2.0(
// CHECK-LABEL: func.func private @m.predict.forward.2.call(
// CHECK: memref.load
// CHECK: call @nnc_rt_parallel_for(
// CHECK-LABEL: func.func @m.predict(
// CHECK: constant @m.predict.forward.0.and_1_more
// CHECK: call @nnc_rt_parallel_for(
// CHECK: constant @m.predict.forward.0.and_1_more
// CHECK: call @nnc_rt_parallel_for(
// CHECK: call @m.predict.forward.2.call(
// CHECK-LABEL: func.func private @m.predict.forward.0.and_1_more(
// CHECK: memref.view
// CHECK: %[[NUMBER:.*]] = llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: memref.store %[[NUMBER]]
// CHECK-NOT: scf.forall
// CHECK-NOT: nn.kernel
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c7 = arith.constant 7 : i64
  %c9 = arith.constant 9 : i64
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xi64>
  %y = memref.view %arena[%c64][] : memref<?xi8> to memref<8xi64>
  call @k(%x, %c7) : (memref<8xi64>, i64) -> ()
  call @k(%y, %c9) : (memref<8xi64>, i64) -> ()
  call @l(%x, %y) : (memref<8xi64>, memref<8xi64>) -> ()
  return
}
func.func private @l(%x: memref<8xi64>, %y: memref<8xi64>) attributes {nn.kernel} {
  %c0 = arith.constant 0 : index
  %v = memref.load %x[%c0] : memref<8xi64>
  scf.forall (%i) in (8) {
    memref.store %v, %y[%i] : memref<8xi64>
  }
  return
}
func.func private @k(%x: memref<8xi64>, %number: i64) attributes {nn.kernel} {
  scf.forall (%i) in (8) {
    memref.store %number, %x[%i] : memref<8xi64>
  }
  return
}
}

// -----

module attributes {nn.program = {arena_bytes = 1024 : i64, state_bytes = 0 : i64, worker_bytes = 0 : i64, variables = {}}} {
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xi64>
  %y = memref.reinterpret_cast %x to offset: [0], sizes: [8], strides: [1] : memref<8xi64> to memref<8xi64>
  // expected-error @below {{gets a buffer that is not planned}}
  call @k(%y) : (memref<8xi64>) -> ()
  return
}
func.func private @k(%x: memref<8xi64>) attributes {nn.kernel} {
  %c0 = arith.constant 0 : i64
  scf.forall (%i) in (8) {
    memref.store %c0, %x[%i] : memref<8xi64>
  }
  return
}
}
