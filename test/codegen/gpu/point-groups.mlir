// RUN: nnc-opt %s --nn-map-to-gpu --canonicalize | FileCheck %s
// Elementwise operations of one block without a barrier between them; see codegen/gpu/PointGroup.h.

#only = affine_map<(i) -> (i)>

// The second reads what the first computes in the same thread, which keeps it in a register; the third, which needs
// neither, has threads of its own, from the next warp on.
// CHECK-LABEL: func @together
// CHECK: gpu.launch blocks({{.*}}threads(%[[THREAD:[^,]*]],
// CHECK: arith.cmpi ult, %[[THREAD]], %c20
// CHECK: %[[NEGATED:.*]] = arith.negf
// CHECK: memref.store %[[NEGATED]], %arg1
// CHECK: %[[ABSOLUTE:.*]] = math.absf %[[NEGATED]]
// CHECK: memref.store %[[ABSOLUTE]], %arg2
// CHECK-NOT: gpu.barrier
// CHECK: arith.subi %[[THREAD]], %c32
// CHECK: math.sqrt
// CHECK-NOT: gpu.barrier
// CHECK: return
func.func @together(%x: memref<20xf32>, %y: memref<20xf32>, %z: memref<20xf32>, %u: memref<50xf32>, %v: memref<50xf32>)
    attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [#only, #only], iterator_types = ["parallel"]}
      ins(%x : memref<20xf32>) outs(%y : memref<20xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#only, #only], iterator_types = ["parallel"]}
      ins(%y : memref<20xf32>) outs(%z : memref<20xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = math.absf %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#only, #only], iterator_types = ["parallel"]}
      ins(%u : memref<50xf32>) outs(%v : memref<50xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = math.sqrt %a : f32
      linalg.yield %n : f32
  }
  return
}

// A thread would need what another computes: a barrier.
// CHECK-LABEL: func @apart
// CHECK: arith.negf
// CHECK: gpu.barrier
// CHECK: math.absf
func.func @apart(%x: memref<4x5xf32>, %y: memref<4x5xf32>, %z: memref<5x4xf32>) attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<4x5xf32>) outs(%y : memref<4x5xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (j, i)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<4x5xf32>) outs(%z : memref<5x4xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = math.absf %a : f32
      linalg.yield %n : f32
  }
  return
}

// Parts of one buffer that have no element in common need none.
// CHECK-LABEL: func @parts
// CHECK: arith.negf
// CHECK-NOT: gpu.barrier
// CHECK: math.absf
func.func @parts(%x: memref<20xf32>, %y: memref<40xf32>) attributes {nn.entry = "predict"} {
  %first = memref.subview %y[0] [20] [1] : memref<40xf32> to memref<20xf32, strided<[1]>>
  %second = memref.subview %y[20] [20] [1] : memref<40xf32> to memref<20xf32, strided<[1], offset: 20>>
  linalg.generic {indexing_maps = [#only, #only], iterator_types = ["parallel"]}
      ins(%x : memref<20xf32>) outs(%first : memref<20xf32, strided<[1]>>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#only, #only], iterator_types = ["parallel"]}
      ins(%x : memref<20xf32>) outs(%second : memref<20xf32, strided<[1], offset: 20>>) {
    ^bb0(%a: f32, %o: f32):
      %n = math.absf %a : f32
      linalg.yield %n : f32
  }
  return
}
