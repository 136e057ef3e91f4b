// RUN: nnc-opt %s --nn-map-to-gpu --canonicalize | FileCheck %s

#all = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#none = affine_map<(i, j) -> ()>
#only = affine_map<(i) -> (i)>
#scalar = affine_map<(i) -> ()>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// Its zeros before and the bias after it are computed along: 8 by 2 tiles of 32 by 32 elements, 64 terms at a time of
// each factor in one of two buffers. Sums are chains of FMAs in registers, and nothing of the sum itself is stored.
// CHECK-LABEL: func @product
// CHECK-SAME: nn.device = "cuda"
// CHECK: gpu.launch blocks({{.*}}) in (%{{[^ ]*}} = %c16,{{.*}}threads({{.*}}) in (%{{[^ ]*}} = %c256,
// CHECK: to memref<2x64x36xf32, #gpu.address_space<workgroup>>
// CHECK: to memref<2x64x36xf32, #gpu.address_space<workgroup>>
// CHECK: gpu.barrier
// CHECK-COUNT-32: math.fma
// CHECK: memref.load %arg2[
// CHECK: arith.addf
// CHECK: vector.store %{{.*}}, %arg3[{{.*}}vector<2xf32>
// CHECK-NOT: linalg.generic
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @product(%x: memref<256x96xf32>, %w: memref<96x64xf32>, %bias: memref<64xf32>, %y: memref<256x64xf32>)
    attributes {nn.entry = "predict"} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<256x64xf32>
  linalg.generic {indexing_maps = [#none, #all], iterator_types = ["parallel", "parallel"]}
      ins(%zero : f32) outs(%sum : memref<256x64xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<256x96xf32>, memref<96x64xf32>) outs(%sum : memref<256x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %n = arith.addf %o, %m : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %bias : memref<256x64xf32>, memref<64xf32>) outs(%y : memref<256x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %n = arith.addf %a, %b : f32
      linalg.yield %n : f32
  }
  return
}

// An element a thread, as many blocks as it takes; the last one's threads beyond the end do nothing.
// CHECK-LABEL: func @elementwise
// CHECK: gpu.launch blocks(%[[BLOCK:[^,]*]],{{.*}} = %c391,{{.*}}threads(%[[THREAD:[^,]*]],{{.*}} = %c256,
// CHECK: %[[FIRST:.*]] = arith.muli %[[BLOCK]], %c256
// CHECK: %[[POINT:.*]] = arith.addi %[[FIRST]], %[[THREAD]]
// CHECK: %[[INSIDE:.*]] = arith.cmpi ult, %[[POINT]], %c100000
// CHECK: scf.if %[[INSIDE]]
// CHECK: arith.negf
func.func @elementwise(%x: memref<1000x100xf32>, %y: memref<1000x100xf32>) attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1000x100xf32>) outs(%y : memref<1000x100xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
  }
  return
}

// Sixteen threads a row, halves of whose sums are exchanged: the tree of CPUs' vectors. The value so far comes last.
// CHECK-LABEL: func @along
// CHECK: gpu.launch {{.*}} = %c63,
// CHECK: %[[LANE:.*]] = arith.remui %{{.*}}, %c16
// CHECK: scf.for %{{.*}} = %c0 to %c96 step %c16
// CHECK: arith.cmpi ult, %[[LANE]], %c4
// CHECK: gpu.shuffle xor %{{.*}}, %c8_i32, %c32_i32
// CHECK: gpu.shuffle xor %{{.*}}, %c4_i32, %c32_i32
// CHECK: gpu.shuffle xor %{{.*}}, %c2_i32, %c32_i32
// CHECK: gpu.shuffle xor %{{.*}}, %c1_i32, %c32_i32
// CHECK: %[[SO_FAR:.*]] = memref.load %arg1
// CHECK: arith.addf %[[SO_FAR]],
// CHECK-NEXT: memref.store
func.func @along(%x: memref<1000x100xf32>, %y: memref<1000xf32>) attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1000x100xf32>) outs(%y : memref<1000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %o, %a : f32
      linalg.yield %n : f32
  }
  return
}

// A column a thread, in the order of rows; so many loads before the first of them is added.
// CHECK-LABEL: func @across
// CHECK: gpu.launch
// CHECK: scf.for %{{.*}} = %c0 to %c1000 step %c50
// CHECK-COUNT-25: memref.load %arg0
// CHECK-COUNT-25: arith.addf
// CHECK-NOT: gpu.shuffle
// CHECK: return
func.func @across(%x: memref<1000x100xf32>, %y: memref<100xf32>) attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%x : memref<1000x100xf32>) outs(%y : memref<100xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %o, %a : f32
      linalg.yield %n : f32
  }
  return
}

// A turn a block. The product's second factor is loaded before the time loop: of 64 columns two groups of threads have
// half of the terms each, in registers, and hand their sums on in shared memory, where all that a turn allocates lies.
// CHECK-LABEL: func @recurrence
// CHECK: gpu.launch blocks(%[[TURN:[^,]*]],{{.*}} = %c8,{{.*}}threads(%[[THREAD:[^,]*]],{{.*}} = %c512,
// CHECK-NOT: memref.alloc
// CHECK: %[[GROUP:.*]] = arith.divui %[[THREAD]], %c64
// CHECK: %[[HANDED:.*]] = memref.memory_space_cast %{{.*}} : memref<1x64xf32, #gpu.address_space<workgroup>>
// CHECK-COUNT-8: memref.load %arg1
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK: gpu.barrier
// CHECK: scf.for %[[NUMBER:.*]] = %c0 to %c2 step %c1
// CHECK: arith.cmpi eq, %[[GROUP]], %[[NUMBER]]
// CHECK: memref.load %[[HANDED]]
// CHECK: vector.load {{.*}}alignment = 16
// CHECK-COUNT-8: math.fma
// CHECK: memref.store %{{.*}}, %[[HANDED]]
// CHECK: gpu.barrier
// CHECK: arith.negf
// CHECK: gpu.barrier
// CHECK: return
func.func @recurrence(%x: memref<8x4x64xf32>, %w: memref<16x64xf32>, %y: memref<8x4x16xf32>)
    attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (8) {
    %h = memref.alloc() : memref<1x16xf32>
    %z = memref.alloc() : memref<1x64xf32>
    scf.for %t = %c0 to %c4 step %c1 {
      %now = memref.subview %x[%i, %t, 0] [1, 1, 64] [1, 1, 1]
          : memref<8x4x64xf32> to memref<1x64xf32, strided<[256, 1], offset: ?>>
      linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
          ins(%now : memref<1x64xf32, strided<[256, 1], offset: ?>>) outs(%z : memref<1x64xf32>) {
        ^bb0(%a: f32, %o: f32):
          linalg.yield %a : f32
      }
      linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%h, %w : memref<1x16xf32>, memref<16x64xf32>) outs(%z : memref<1x64xf32>) {
        ^bb0(%a: f32, %b: f32, %o: f32):
          %m = arith.mulf %a, %b : f32
          %n = arith.addf %o, %m : f32
          linalg.yield %n : f32
      }
      %part = memref.subview %z[0, 16] [1, 16] [1, 1]
          : memref<1x64xf32> to memref<1x16xf32, strided<[64, 1], offset: 16>>
      linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
          ins(%part : memref<1x16xf32, strided<[64, 1], offset: 16>>) outs(%h : memref<1x16xf32>) {
        ^bb0(%a: f32, %o: f32):
          %n = arith.negf %a : f32
          linalg.yield %n : f32
      }
    }
    %out = memref.subview %y[%i, 0, 0] [1, 1, 16] [1, 1, 1]
        : memref<8x4x16xf32> to memref<1x16xf32, strided<[64, 1], offset: ?>>
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%h : memref<1x16xf32>) outs(%out : memref<1x16xf32, strided<[64, 1], offset: ?>>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
    }
  }
  return
}

// A column a thread, half of whose terms stay in registers and half in shared memory, each thread's where it put them;
// the first factor's row of this turn, which is far, comes to shared memory first.
// CHECK-LABEL: func @staged
// CHECK: gpu.launch blocks({{.*}}threads(%[[THREAD:[^,]*]],
// CHECK-COUNT-64: memref.load %arg1
// CHECK: %[[ROW:.*]] = memref.memory_space_cast %{{.*}} : memref<1x128xf32, #gpu.address_space<workgroup>>
// CHECK: %[[PART:.*]] = memref.memory_space_cast %{{.*}} : memref<64x512xf32, #gpu.address_space<workgroup>>
// CHECK: scf.for
// CHECK: memref.store %{{.*}}, %[[PART]][%{{.*}}, %[[THREAD]]]
// CHECK: scf.for %{{.*}} = %c0 to %c4 step %c1
// CHECK: memref.store %{{.*}}, %[[ROW]]
// CHECK: gpu.barrier
// CHECK: vector.load %[[ROW]]
// CHECK: memref.load %[[PART]]
func.func @staged(%x: memref<8x4x128xf32>, %w: memref<128x512xf32>, %y: memref<8x512xf32>)
    attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  scf.forall (%i) in (8) {
    %sum = memref.subview %y[%i, 0] [1, 512] [1, 1]
        : memref<8x512xf32> to memref<1x512xf32, strided<[512, 1], offset: ?>>
    scf.for %t = %c0 to %c4 step %c1 {
      %now = memref.subview %x[%i, %t, 0] [1, 1, 128] [1, 1, 1]
          : memref<8x4x128xf32> to memref<1x128xf32, strided<[512, 1], offset: ?>>
      linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%now, %w : memref<1x128xf32, strided<[512, 1], offset: ?>>, memref<128x512xf32>)
          outs(%sum : memref<1x512xf32, strided<[512, 1], offset: ?>>) {
        ^bb0(%a: f32, %b: f32, %o: f32):
          %m = arith.mulf %a, %b : f32
          %n = arith.addf %o, %m : f32
          linalg.yield %n : f32
      }
    }
  }
  return
}

// A turn a thread, which has all sixteen lanes of a sum itself, and the tree.
// CHECK-LABEL: func @turns
// CHECK: gpu.launch {{.*}} = %c2,{{.*}} = %c256,
// CHECK: scf.for %{{.*}} = %{{.*}} to %c512 step %c512
// CHECK: %[[LANES:.*]]:16 = scf.for %{{.*}} = %c0 to %c32 step %c16
// CHECK-COUNT-8: memref.load
// CHECK-COUNT-16: arith.addf
// CHECK-NOT: gpu.shuffle
// CHECK: return
func.func @turns(%x: memref<512x40xf32>, %y: memref<512xf32>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c512 = arith.constant 512 : index
  scf.for %i = %c0 to %c512 step %c1 {
      %in = memref.subview %x[%i, 0] [1, 40] [1, 1]
          : memref<512x40xf32> to memref<1x40xf32, strided<[40, 1], offset: ?>>
      %out = memref.subview %y[%i] [1] [1] : memref<512xf32> to memref<1xf32, strided<[1], offset: ?>>
      linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
          ins(%in : memref<1x40xf32, strided<[40, 1], offset: ?>>) outs(%out : memref<1xf32, strided<[1], offset: ?>>) {
        ^bb0(%a: f32, %o: f32):
          %m = arith.addf %o, %a : f32
          linalg.yield %m : f32
      }
  } {nn.independent_turns = 512 : i64}
  return
}

// What a loop ends with, and what a large operation reads, lies in memory between launches.
// CHECK-LABEL: func @bounds
// CHECK: %[[END:.*]] = memref.alloc() {{.*}} : memref<index>
// CHECK: gpu.launch
// CHECK: memref.store %{{.*}}, %[[END]][]
// CHECK: gpu.launch {{.*}} = %c16,
// CHECK: %[[LOADED:.*]] = memref.load %[[END]][]
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[LOADED]]
func.func @bounds(%p: memref<index>, %y: memref<4096xf32>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %z = arith.constant 1.0 : f32
  %q = memref.load %p[] : memref<index>
  %n = arith.addi %q, %c1 : index
  scf.for %i = %c0 to %n step %c1 {
    memref.store %z, %y[%i] : memref<4096xf32>
  } {nn.independent_turns = 4096 : i64}
  return
}

// Small things are one block's, with barriers where a thread needs what another has done; a scalar goes to a later
// launch through memory.
// CHECK-LABEL: func @scalar
// CHECK: %[[PLACE:.*]] = memref.alloc() {{.*}} : memref<f32>
// CHECK: gpu.launch {{.*}} = %c1,
// CHECK: arith.mulf
// CHECK: scf.if
// CHECK-NEXT: memref.store %{{.*}}, %[[PLACE]][]
// CHECK: gpu.barrier
// CHECK: gpu.launch {{.*}} = %c391,
// CHECK: memref.load %[[PLACE]][]
func.func @scalar(%x: memref<f32>, %v: memref<200xf32>, %y: memref<1000x100xf32>) attributes {nn.entry = "predict"} {
  %a = memref.load %x[] : memref<f32>
  %b = arith.mulf %a, %a : f32
  linalg.generic {indexing_maps = [#scalar, #only], iterator_types = ["parallel"]}
      ins(%b : f32) outs(%v : memref<200xf32>) {
    ^bb0(%s: f32, %o: f32):
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [#none, #all], iterator_types = ["parallel", "parallel"]}
      ins(%b : f32) outs(%y : memref<1000x100xf32>) {
    ^bb0(%s: f32, %o: f32):
      linalg.yield %s : f32
  }
  return
}

// What needs nothing of one another is in one launch, each on blocks of its own.
// CHECK-LABEL: func @levels
// CHECK: gpu.launch blocks(%[[BLOCK:[^,]*]],{{.*}} = %c782,
// CHECK: arith.cmpi ult, %[[BLOCK]], %c391
// CHECK: arith.negf
// CHECK: arith.subi %[[BLOCK]], %c391
// CHECK: math.absf
// CHECK: gpu.launch {{.*}} = %c391,
// CHECK: arith.addf
// CHECK-NOT: gpu.launch
// CHECK: return
func.func @levels(%x: memref<1000x100xf32>, %y: memref<1000x100xf32>, %z: memref<1000x100xf32>)
    attributes {nn.entry = "predict"} {
  %c = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1000x100xf32>) outs(%y : memref<1000x100xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.negf %a : f32
      linalg.yield %n : f32
  }
  %t = memref.alloc() : memref<1000x100xf32>
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1000x100xf32>) outs(%t : memref<1000x100xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = math.absf %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y, %t : memref<1000x100xf32>, memref<1000x100xf32>) outs(%z : memref<1000x100xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %n = arith.addf %a, %b : f32
      linalg.yield %n : f32
  }
  return
}

// What shared memory has no room for is in global memory, a part for each turn.
// CHECK-LABEL: func @overflow
// CHECK: %[[ALL:.*]] = memref.alloc() {{.*}} : memref<1600000xi8>
// CHECK: gpu.launch blocks(%[[TURN:[^,]*]],
// CHECK: %[[SHIFT:.*]] = arith.muli %[[TURN]], %c200000
// CHECK: memref.view %[[ALL]][%[[SHIFT]]][] : memref<1600000xi8> to memref<1x50000xf32>
func.func @overflow(%x: memref<8x50000xf32>, %y: memref<8x50000xf32>) attributes {nn.entry = "predict"} {
  scf.forall (%i) in (8) {
    %h = memref.alloc() : memref<1x50000xf32>
    %in = memref.subview %x[%i, 0] [1, 50000] [1, 1]
        : memref<8x50000xf32> to memref<1x50000xf32, strided<[50000, 1], offset: ?>>
    %out = memref.subview %y[%i, 0] [1, 50000] [1, 1]
        : memref<8x50000xf32> to memref<1x50000xf32, strided<[50000, 1], offset: ?>>
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%in : memref<1x50000xf32, strided<[50000, 1], offset: ?>>) outs(%h : memref<1x50000xf32>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
    }
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%h : memref<1x50000xf32>) outs(%out : memref<1x50000xf32, strided<[50000, 1], offset: ?>>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
    }
  }
  return
}

// The same where one block does all.
// CHECK-LABEL: func @one_block
// CHECK: %[[ALL:.*]] = memref.alloc() {{.*}} : memref<400000xi8>
// CHECK: gpu.launch
// CHECK: memref.view %[[ALL]][%c0][] : memref<400000xi8> to memref<100000xf32>
func.func @one_block(%y: memref<4xf32>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %z = arith.constant 0.0 : f32
  scf.for %i = %c0 to %c4 step %c1 {
    %t = memref.alloc() : memref<100000xf32>
    linalg.generic {indexing_maps = [#scalar, #only], iterator_types = ["parallel"]}
        ins(%z : f32) outs(%t : memref<100000xf32>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
    }
    %v = memref.load %t[%c0] : memref<100000xf32>
    memref.store %v, %y[%i] : memref<4xf32>
  }
  return
}

// No launch for what has no elements or turns.
// CHECK-LABEL: func @nothing
// CHECK-NOT: gpu.launch
// CHECK-NOT: scf.forall
// CHECK: return
func.func @nothing(%y: memref<4x4xf32>) attributes {nn.entry = "predict"} {
  %z = arith.constant 0.0 : f32
  scf.forall (%i) in (0) {
    memref.store %z, %y[%i, %i] : memref<4x4xf32>
  }
  return
}

// Variables begin on the host.
// CHECK-LABEL: func @init
// CHECK-NOT: nn.device
// CHECK: linalg.generic
func.func @init(%x: memref<1000x100xf32>, %y: memref<1000x100xf32>) attributes {nn.entry = "init"} {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1000x100xf32>) outs(%y : memref<1000x100xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  return
}
