// RUN: nnc-opt %s --nn-parallelize-loops --canonicalize --split-input-file | FileCheck %s

#row = affine_map<(i) -> (i)>

// How many rows there are is known as the program runs; blocks are cut from how many there can be.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[TABLE:.*]]: memref<5000x64xf32>, %[[IDS:.*]]: memref<2000xindex>, %[[COUNT:.*]]: index
// CHECK: scf.forall (%[[TASK:.*]]) in (2) {
// CHECK: %[[BEGIN:.*]] = arith.muli %[[TASK]], %c1000
// CHECK: %[[END:.*]] = arith.addi %[[BEGIN]], %c1000
// CHECK: %[[LIMIT:.*]] = arith.minui %[[END]], %c1999
// CHECK: %[[LAST:.*]] = arith.minsi %[[LIMIT]], %[[COUNT]]
// CHECK: scf.for %[[I:.*]] = %[[BEGIN]] to %[[LAST]] step %c1
// CHECK: memref.load %[[IDS]][%[[I]]]
// CHECK: linalg.generic
// CHECK-NOT: nn.independent_turns
func.func @rows(%table: memref<5000x64xf32>, %ids: memref<2000xindex>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %count step %c1 {
    %id = memref.load %ids[%i] : memref<2000xindex>
    %row = memref.subview %table[%id, 0] [1, 64] [1, 1] : memref<5000x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]}
        outs(%row : memref<64xf32, strided<[1], offset: ?>>) {
      ^bb0(%x: f32):
        %y = arith.addf %x, %x : f32
        linalg.yield %y : f32
    }
  } {nn.independent_turns = 1999 : i64}
  return
}

// -----

#row = affine_map<(i) -> (i)>

// Too little work for a second task.
// CHECK-LABEL: func @few
// CHECK-NOT: scf.forall
// CHECK-NOT: nn.independent_turns
func.func @few(%table: memref<5000x64xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %count step %c1 {
    %row = memref.subview %table[%i, 0] [1, 64] [1, 1] : memref<5000x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]}
        outs(%row : memref<64xf32, strided<[1], offset: ?>>) {
      ^bb0(%x: f32):
        %y = arith.addf %x, %x : f32
        linalg.yield %y : f32
    }
  } {nn.independent_turns = 20 : i64}
  return
}

// -----

#row = affine_map<(i) -> (i)>

// Turns that share a temporary are not independent any more.
// CHECK-LABEL: func @temporary
// CHECK-NOT: scf.forall
func.func @temporary(%table: memref<5000x64xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %shared = memref.alloc() : memref<64xf32>
  scf.for %i = %c0 to %count step %c1 {
    %row = memref.subview %table[%i, 0] [1, 64] [1, 1] : memref<5000x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel"]}
        ins(%row : memref<64xf32, strided<[1], offset: ?>>) outs(%shared : memref<64xf32>) {
      ^bb0(%x: f32, %old: f32):
        linalg.yield %x : f32
    }
  } {nn.independent_turns = 5000 : i64}
  return
}

// -----

#row = affine_map<(i) -> (i)>

// Parallel loops do not nest, and nobody promises anything of other loops.
// CHECK-LABEL: func @inside
// CHECK: scf.forall (%{{.*}}) in (7)
// CHECK-NOT: scf.forall
func.func @inside(%table: memref<7x5000x64xf32>, %count: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%j) in (7) {
    scf.for %i = %c0 to %count step %c1 {
      %row = memref.subview %table[%j, %i, 0] [1, 1, 64] [1, 1, 1]
          : memref<7x5000x64xf32> to memref<64xf32, strided<[1], offset: ?>>
      linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]}
          outs(%row : memref<64xf32, strided<[1], offset: ?>>) {
        ^bb0(%x: f32):
          %y = arith.addf %x, %x : f32
          linalg.yield %y : f32
      }
    } {nn.independent_turns = 5000 : i64}
  }
  scf.for %i = %c0 to %count step %c1 {
    %row = memref.subview %table[0, %i, 0] [1, 1, 64] [1, 1, 1]
        : memref<7x5000x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    linalg.generic {indexing_maps = [#row], iterator_types = ["parallel"]}
        outs(%row : memref<64xf32, strided<[1], offset: ?>>) {
      ^bb0(%x: f32):
        %y = arith.addf %x, %x : f32
        linalg.yield %y : f32
    }
  }
  return
}
