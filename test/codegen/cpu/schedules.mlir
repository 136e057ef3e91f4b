// What `nn.schedule` says of a product is done; the rest follows from the target's description.
// RUN: nnc-opt %s --nn-lower-contractions=march=x86-64-v3 --canonicalize --cse | FileCheck %s
// The attribute reads back, in any order.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s --check-prefix=ROUND

#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (k, j)>
#c = affine_map<(i, j, k) -> (i, j)>

// Tiles of 2 rows and 3 vectors of 8 columns, in 5 tasks of rows and 2 of columns, b read where it lies.
// CHECK-LABEL: func.func @tile
// CHECK-NOT: memref.alloc
// CHECK: scf.forall {{.*}} in (10)
// CHECK: scf.for {{.*}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// ROUND: linalg.generic {{.*}} attrs = {nn.schedule = {panels = "in_place", tasks = array<i64: 5, 2>, tile = array<i64: 2, 3>}}
func.func @tile(%a: memref<20x96xf32>, %b: memref<96x48xf32>, %c: memref<20x48xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<20x96xf32>, memref<96x48xf32>) outs(%c : memref<20x48xf32>)
      attrs = {nn.schedule = {tile = array<i64: 2, 3>, panels = "in_place", tasks = array<i64: 5, 2>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// Blocks of 32 terms of the 96, and so sums that wait; a copied too. The attribute stays with loops that are merged.
// CHECK-LABEL: func.func @blocks
// CHECK: memref.alloc() {{.*}} : memref<1536xf32>
// CHECK: memref.alloc() {{.*}} : memref<640xf32>
// CHECK: memref.alloc() {{.*}} : memref<960xf32>
func.func @blocks(%a: memref<4x5x96xf32>, %b: memref<96x48xf32>, %c: memref<4x5x48xf32>) {
  linalg.generic {indexing_maps = [affine_map<(h, i, j, k) -> (h, i, k)>, affine_map<(h, i, j, k) -> (k, j)>,
                                   affine_map<(h, i, j, k) -> (h, i, j)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<4x5x96xf32>, memref<96x48xf32>) outs(%c : memref<4x5x48xf32>)
      attrs = {nn.schedule = {panels = "per_task", block_sums = 32, block_of_a = "row_major"}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// A block of a transposed first factor that a task uses once is read in place, unless its pieces lie in many pages.
// CHECK-LABEL: func @used_once
// CHECK: memref.alloc
// CHECK-NOT: load %arg0{{.*}} vector<
// CHECK-LABEL: func @in_many_pages
// CHECK: vector.maskedload %arg0
func.func @used_once(%a: memref<2000x120xf32>, %b: memref<2000x64xf32>, %c: memref<120x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2000x120xf32>, memref<2000x64xf32>) outs(%c : memref<120x64xf32>)
      attrs = {nn.schedule = {panels = "per_task", tasks = array<i64: 1, 4>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
func.func @in_many_pages(%a: memref<2000x900xf32>, %b: memref<2000x64xf32>, %c: memref<900x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<2000x900xf32>, memref<2000x64xf32>) outs(%c : memref<900x64xf32>)
      attrs = {nn.schedule = {panels = "per_task", tasks = array<i64: 1, 4>}} {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %t = arith.addf %s, %p : f32
      linalg.yield %t : f32
  }
  return
}
