// RUN: nnc-opt --nn-instrument-kernels --split-input-file --verify-diagnostics %s | FileCheck %s
// RUN: nnc-opt --nn-instrument-kernels --nn-instrument-kernels --split-input-file --verify-diagnostics %s | FileCheck %s

// A parallel loop is a kernel, and so are the ops between two of them, as far as their layer and stage are one. A mark
// says that a kernel starts; the last one, that the entry has ended.

// CHECK-LABEL: func.func @m.train
// CHECK-SAME: nn.kernels = [
// CHECK-SAME: {bytes = 64 : i64, flops = 0 : i64, layer = "m.a", location = "m.mlir:1:1", name = "m.a.forward.serial_0", stage = "forward", tasks = 1 : i64},
// CHECK-SAME: {bytes = 96 : i64, flops = 24 : i64, layer = "m.a", location = "m.mlir:1:1", name = "m.a.forward.0", stage = "forward", tasks = 8 : i64},
// CHECK-SAME: {bytes = 64 : i64, flops = 16 : i64, layer = "m.b", location = "m.mlir:2:1", name = "m.b.backward.serial_0", stage = "backward", tasks = 1 : i64},
// CHECK-SAME: {bytes = 32 : i64, flops = 0 : i64, location = "m.mlir:3:1", name = "update.serial_0", stage = "update", tasks = 1 : i64}]
// CHECK-NEXT: %[[K0:.*]] = arith.constant 0 : i64
// CHECK-NEXT: call @nnc_rt_profile(%[[K0]])
// CHECK: scf.for
// CHECK: %[[K1:.*]] = arith.constant 1 : i64
// CHECK-NEXT: call @nnc_rt_profile(%[[K1]])
// CHECK-NEXT: scf.forall
// CHECK: %[[K2:.*]] = arith.constant 2 : i64
// CHECK-NEXT: call @nnc_rt_profile(%[[K2]])
// CHECK-NEXT: scf.for
// CHECK-NOT: call
// CHECK: scf.for
// CHECK: %[[K3:.*]] = arith.constant 3 : i64
// CHECK-NEXT: call @nnc_rt_profile(%[[K3]])
// CHECK-NEXT: scf.for
// CHECK: %[[END:.*]] = arith.constant -1 : i64
// CHECK-NEXT: call @nnc_rt_profile(%[[END]])
// CHECK-NEXT: return
func.func @m.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c64 = arith.constant 64 : index
  %one = arith.constant 1.0 : f32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  %y = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %x[%i] : memref<8xf32> loc(#a)
    memref.store %one, %y[%i] : memref<8xf32> loc(#a)
  } loc(#a)
  // Reads x and y, writes y: three operations a turn, as a fused multiply-add is two.
  scf.forall (%i) in (8) {
    %a = memref.load %x[%i] : memref<8xf32> loc(#a)
    %b = memref.load %y[%i] : memref<8xf32> loc(#a)
    %f = math.fma %a, %b, %one : f32 loc(#a)
    %g = arith.addf %f, %one : f32 loc(#a)
    memref.store %g, %y[%i] : memref<8xf32> loc(#a)
  } loc(#a)
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32> loc(#b)
    %p = arith.mulf %a, %a : f32 loc(#b)
    memref.store %p, %x[%i] : memref<8xf32> loc(#b)
  } loc(#b)
  // The same kernel, and the same buffer: its bytes count once.
  scf.for %i = %c0 to %c8 step %c1 {
    %a = memref.load %x[%i] : memref<8xf32> loc(#b)
    %p = arith.maximumf %a, %one : f32 loc(#b)
    %n = arith.negf %p : f32 loc(#b)
    memref.store %n, %x[%i] : memref<8xf32> loc(#b)
  } loc(#b)
  scf.for %i = %c0 to %c8 step %c1 {
    memref.store %one, %x[%i] : memref<8xf32> loc(#c)
  } loc(#c)
  return
}
#a = loc("m.a"("m.mlir":1:1))
#b = loc(fused<"backward">["m.b"("m.mlir":2:1)])
#c = loc(fused<"update">["m.mlir":3:1])
// CHECK: func.func private @nnc_rt_profile(i64)

// -----

// Of what works for several layers or stages, each op counts for its own; where that is not known, for its parent's. A buffer's
// bytes are those of whom the first op to read it works for, and the first to write it.
// CHECK-LABEL: func.func @several.train
// CHECK-SAME: bytes = 64 : i64, flops = 40 : i64, layer = "m.a", location = "m.mlir:1:1", name = "m.a.forward_backward.0", parts = [
// CHECK-SAME: {bytes = 32 : i64, flops = 16 : i64, layer = "m.a", stage = "forward"},
// CHECK-SAME: {bytes = 0 : i64, flops = 8 : i64, layer = "m.b", stage = "forward"},
// CHECK-SAME: {bytes = 0 : i64, flops = 16 : i64, layer = "m.a", stage = "backward"},
// CHECK-SAME: {bytes = 32 : i64, flops = 0 : i64, stage = "backward"}], stage = "forward_backward", tasks = 8 : i64}
func.func @several.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  scf.forall (%i) in (8) {
    %a = memref.load %x[%i] : memref<8xf32> loc("m.a"("m.mlir":1:1))
    %b = arith.mulf %a, %a : f32 loc("m.a"("m.mlir":1:1))
    %c = arith.addf %a, %b : f32 loc(fused["m.a"("m.mlir":1:1), "m.b"("m.mlir":2:1)])
    %d = arith.addf %c, %c : f32 loc("m.b"("m.mlir":2:1))
    %e = math.fma %d, %a, %b : f32 loc(fused<"backward">["m.a"("m.mlir":1:1)])
    memref.store %e, %x[%i] : memref<8xf32> loc(fused<"backward">["m.mlir":3:1])
  } loc(fused["m.a"("m.mlir":1:1), "m.b"("m.mlir":2:1), fused<"backward">["m.a"("m.mlir":1:1)], fused<"backward">["m.mlir":3:1]])
  return
}

// -----

// What a kernel that several places call does counts in each for whom the call says, in the order of the kernel's own.
// CHECK-LABEL: func.func @calls.train
// CHECK-SAME: name = "m.a.forward.0", parts = [{bytes = 64 : i64, flops = 8 : i64, layer = "m.a", stage = "forward"}, {bytes = 0 : i64, flops = 16 : i64, layer = "m.b", stage = "forward"}]
// CHECK-SAME: name = "m.c.forward.0", parts = [{bytes = 64 : i64, flops = 8 : i64, layer = "m.c", stage = "forward"}, {bytes = 0 : i64, flops = 16 : i64, layer = "m.d", stage = "forward"}]
func.func @calls.train(%arena: memref<?xi8>) attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<8xf32>
  %y = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  call @k(%x) : (memref<8xf32>) -> () loc(fused["m.a"("m.mlir":1:1), "m.b"("m.mlir":2:1)])
  call @k(%y) : (memref<8xf32>) -> () loc(fused["m.c"("m.mlir":4:1), "m.d"("m.mlir":5:1)])
  return
}
func.func private @k(%x: memref<8xf32>) attributes {nn.kernel} {
  scf.forall (%i) in (8) {
    %a = memref.load %x[%i] : memref<8xf32> loc("m.a"("m.mlir":1:1))
    %b = arith.mulf %a, %a : f32 loc("m.a"("m.mlir":1:1))
    %c = math.fma %a, %b, %b : f32 loc("m.b"("m.mlir":2:1))
    memref.store %c, %x[%i] : memref<8xf32> loc("m.a"("m.mlir":1:1))
  } loc(fused["m.a"("m.mlir":1:1), "m.b"("m.mlir":2:1)])
  return
} loc(fused["m.a"("m.mlir":1:1), "m.b"("m.mlir":2:1)])

// -----

// Loops are followed to the bounds that their indices give them: tasks of 5 rows, of which there are 22, and a branch
// taken for one row of them: 22 * 8 * 2 + 8 operations.
// CHECK-LABEL: func.func @tails.predict
// CHECK-SAME: bytes = 1408 : i64, flops = 360 : i64
func.func @tails.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c5 = arith.constant 5 : index
  %c22 = arith.constant 22 : index
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<22x8xf32>
  scf.forall (%task) in (5) {
    %begin = arith.muli %task, %c5 : index
    %sum = arith.addi %begin, %c5 : index
    %end = arith.minui %sum, %c22 : index
    scf.for %i = %begin to %end step %c1 {
      %v = vector.load %x[%i, %c0] : memref<22x8xf32>, vector<8xf32>
      %w = math.fma %v, %v, %v : vector<8xf32>
      %first = arith.cmpi eq, %i, %c0 : index
      %r = scf.if %first -> vector<8xf32> {
        %d = arith.divf %w, %v : vector<8xf32>
        scf.yield %d : vector<8xf32>
      } else {
        scf.yield %w : vector<8xf32>
      }
      vector.store %r, %x[%i, %c0] : memref<22x8xf32>, vector<8xf32>
    }
  }
  return
}

// -----

// Of a table that it looks rows up in, a kernel reads what it looks up: two rows of 16 bytes, by indices of 8 bytes. Of a
// sequence it writes one slot of 32 bytes, however often. A worker's scratch and what it only prefetches are no traffic.
// CHECK-LABEL: func.func @lookup.predict
// CHECK-SAME: bytes = 72 : i64, flops = 0 : i64
func.func @lookup.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %indices = memref.view %arena[%c0][] : memref<?xi8> to memref<2xi32>
  %table = memref.view %arena[%c64][] : memref<?xi8> to memref<100x4xf32>
  %sequence = memref.view %arena[%c128][] : memref<?xi8> to memref<9x2x4xf32>
  %slot = memref.subview %sequence[1, 0, 0] [1, 2, 4] [1, 1, 1]
      : memref<9x2x4xf32> to memref<2x4xf32, strided<[4, 1], offset: 8>>
  scf.forall (%i) in (2) {
    %scratch = memref.alloc() {nn.worker_offset = 0 : i64} : memref<4xf32>
    %index = memref.load %indices[%i] : memref<2xi32>
    %row = arith.index_cast %index : i32 to index
    memref.prefetch %table[%row, %c0], read, locality<3>, data : memref<100x4xf32>
    %v = vector.load %table[%row, %c0] : memref<100x4xf32>, vector<4xf32>
    vector.store %v, %scratch[%c0] : memref<4xf32>, vector<4xf32>
    scf.for %again = %c0 to %c3 step %c1 {
      vector.store %v, %slot[%i, %c0] : memref<2x4xf32, strided<[4, 1], offset: 8>>, vector<4xf32>
    }
  }
  return
}

// -----

// Where data decides how long a loop runs, it counts as one turn, and a branch with both sides.
// CHECK-LABEL: func.func @data.predict
// CHECK-SAME: flops = 3 : i64
func.func @data.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c64 = arith.constant 64 : index
  %one = arith.constant 1.0 : f32
  %n = memref.view %arena[%c0][] : memref<?xi8> to memref<index>
  %x = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  %count = memref.load %n[] : memref<index>
  scf.for %i = %c0 to %count step %c1 {
    %v = memref.load %x[%i] : memref<8xf32>
    %s = arith.addf %v, %one : f32
    %less = arith.cmpf olt, %s, %one : f32
    %r = scf.if %less -> f32 {
      %a = arith.mulf %s, %s : f32
      scf.yield %a : f32
    } else {
      %b = arith.divf %s, %v : f32
      scf.yield %b : f32
    }
    memref.store %r, %x[%i] : memref<8xf32>
  }
  return
}

// -----

// Where data says only how much sooner a loop ends, it has the most turns that it can: two tasks of 4, of which there
// are 7 at most.
// CHECK-LABEL: func.func @most.predict
// CHECK-SAME: flops = 7 : i64
func.func @most.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %c7 = arith.constant 7 : index
  %c64 = arith.constant 64 : index
  %one = arith.constant 1.0 : f32
  %n = memref.view %arena[%c0][] : memref<?xi8> to memref<index>
  %x = memref.view %arena[%c64][] : memref<?xi8> to memref<8xf32>
  %count = memref.load %n[] : memref<index>
  scf.forall (%task) in (2) {
    %begin = arith.muli %task, %c4 : index
    %sum = arith.addi %begin, %c4 : index
    %end = arith.minui %sum, %c7 : index
    %last = arith.minsi %end, %count : index
    scf.for %i = %begin to %last step %c1 {
      %v = memref.load %x[%i] : memref<8xf32>
      %s = arith.addf %v, %one : f32
      memref.store %s, %x[%i] : memref<8xf32>
    }
  }
  return
}

// -----

// Loops that depend on each other in more turns than are followed, 2^40, cost no time; the inner loops count as in the
// first turn of the outer one.
// CHECK-LABEL: func.func @long.predict
// CHECK-SAME: flops = 1099511627776 : i64
func.func @long.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %many = arith.constant 1048576 : index
  %one = arith.constant 1.0 : f32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<f32>
  scf.for %i = %c0 to %many step %c1 {
    %end = arith.addi %i, %many : index
    scf.for %j = %i to %end step %c1 {
      %v = memref.load %x[] : memref<f32>
      %s = arith.addf %v, %one : f32
      memref.store %s, %x[] : memref<f32>
    }
  }
  return
}

// -----

// An entry that does nothing has no kernels.
// CHECK-LABEL: func.func @nothing.predict
// CHECK-NOT: nn.kernels
// CHECK-NOT: call
func.func @nothing.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  return
}

// -----

// expected-error@+1 {{has no arena; --nn-plan-arena makes one}}
func.func @m.predict(%x: memref<4xf32>) attributes {nn.entry = "predict"} {
  return
}

// -----

func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %n = memref.view %arena[%c0][] : memref<?xi8> to memref<index>
  %count = memref.load %n[] : memref<index>
  // expected-error@+1 {{is a parallel loop without constant bounds}}
  scf.forall (%i) in (%count) {
  }
  return
}
