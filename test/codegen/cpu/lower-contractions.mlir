// RUN: nnc-opt %s --nn-normalize-generics --nn-lower-contractions=march=x86-64-v3 --canonicalize --cse --split-input-file | FileCheck %s
// RUN: nnc-opt %s --nn-normalize-generics --nn-lower-contractions=march=x86-64-v4 --canonicalize --cse --split-input-file | FileCheck %s --check-prefix=TALL

// Six rows of two vectors stay in registers through the sum; the fill before and the bias and relu after are computed
// with the tile; nobody sees the sums themselves, so their buffer is gone.
// CHECK-LABEL: func @dense
// CHECK-NOT: memref.alloc
// CHECK: %[[zero:.*]] = arith.constant dense<0.000000e+00> : vector<8xf32>
// CHECK: scf.for
// CHECK: %[[sums:.*]]:12 = scf.for {{.*}} iter_args(%{{[a-z0-9]+}} = %[[zero]],
// CHECK: %[[b:.*]] = vector.load %arg1
// CHECK: %[[a:.*]] = memref.load %arg0
// CHECK: %[[av:.*]] = vector.broadcast %[[a]]
// CHECK: math.fma %[[av]], %[[b]], %{{.*}} : vector<8xf32>
// CHECK: scf.yield
// CHECK: %[[bias:.*]] = vector.load %arg2
// CHECK: arith.addf %[[sums]]#0, %[[bias]]
// CHECK: arith.maximumf
// CHECK: vector.store %{{.*}}, %arg3
// CHECK-NOT: linalg
func.func @dense(%a: memref<12x32xf32>, %b: memref<32x16xf32>, %bias: memref<16xf32>, %o: memref<12x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %c = memref.alloc() : memref<12x16xf32>
  linalg.fill ins(%zero : f32) outs(%c : memref<12x16xf32>)
  linalg.matmul ins(%a, %b : memref<12x32xf32>, memref<32x16xf32>) outs(%c : memref<12x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>,
                                   affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%c, %bias : memref<12x16xf32>, memref<16xf32>) outs(%o : memref<12x16xf32>) {
    ^bb0(%x: f32, %y: f32, %out: f32):
      %sum = arith.addf %x, %y : f32
      %relu = arith.maximumf %sum, %zero : f32
      linalg.yield %relu : f32
  }
  return
}

// -----

// What the product reads must not be overwritten tile by tile: no fusion, and the result is stored.
// CHECK-LABEL: func @overwrites_factor
// CHECK: vector.store %{{.*}}, %arg2
// CHECK: linalg.generic
func.func @overwrites_factor(%a: memref<8x8xf32>, %b: memref<8x8xf32>, %c: memref<8x8xf32>) {
  linalg.matmul ins(%a, %b : memref<8x8xf32>, memref<8x8xf32>) outs(%c : memref<8x8xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%c : memref<8x8xf32>) outs(%a : memref<8x8xf32>) {
    ^bb0(%x: f32, %out: f32):
      %twice = arith.addf %x, %x : f32
      linalg.yield %twice : f32
  }
  return
}

// -----

// An update in place reads and writes the same element: it is computed with the tile.
// CHECK-LABEL: func @update_in_place
// CHECK-NOT: linalg.generic
// CHECK: %[[w:.*]] = vector.load %arg2
// CHECK: arith.subf %[[w]]
// CHECK: vector.store %{{.*}}, %arg2
func.func @update_in_place(%x: memref<8x4xf32>, %dy: memref<8x16xf32>, %w: memref<4x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %g = memref.alloc() : memref<4x16xf32>
  linalg.fill ins(%zero : f32) outs(%g : memref<4x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %dy : memref<8x4xf32>, memref<8x16xf32>) outs(%g : memref<4x16xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %p = arith.mulf %a, %b : f32
      %s = arith.addf %c, %p : f32
      linalg.yield %s : f32
  }
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>],
                  iterator_types = ["parallel", "parallel"]}
      ins(%g : memref<4x16xf32>) outs(%w : memref<4x16xf32>) {
    ^bb0(%gradient: f32, %old: f32):
      %new = arith.subf %old, %gradient : f32
      linalg.yield %new : f32
  }
  return
}

// -----

// Columns of a second factor that are contiguous in no dimension: it is copied first, before the loop that does not change it.
// CHECK-LABEL: func @strided_in_loop
// CHECK: %[[packed:.*]] = memref.alloc() {alignment = 64 : i64} : memref<4x16xf32>
// CHECK: linalg.generic
// CHECK-SAME: outs(%[[packed]]
// CHECK: scf.for
// CHECK-NOT: linalg.generic
// CHECK: vector.load %[[packed]]
func.func @strided_in_loop(%a: memref<8x4xf32>, %b: memref<16x4xf32, strided<[8, 2]>>, %c: memref<8x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %t = %c0 to %c9 step %c1 {
    linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                   affine_map<(i, j, k) -> (i, j)>]
      ins(%a, %b : memref<8x4xf32>, memref<16x4xf32, strided<[8, 2]>>) outs(%c : memref<8x16xf32>)
  }
  return
}

// -----

// Where the terms of its sum are contiguous, it goes into panels, however small it is.
// CHECK-LABEL: func @transposed_in_loop
// CHECK: %[[packed:.*]] = memref.alloc() {alignment = 64 : i64} : memref<64xf32>
// CHECK: vector.store {{.*}}, %[[packed]]
// CHECK: scf.for {{.*}} to %c9
// CHECK: vector.load %[[packed]]
func.func @transposed_in_loop(%a: memref<8x4xf32>, %b: memref<16x4xf32>, %c: memref<8x16xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %t = %c0 to %c9 step %c1 {
    linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                   affine_map<(i, j, k) -> (i, j)>]
      ins(%a, %b : memref<8x4xf32>, memref<16x4xf32>) outs(%c : memref<8x16xf32>)
  }
  return
}

// -----

// Large products are parallel over tiles; inside a parallel loop they are not. A few columns take the time of a vector of
// them, so that as many rows are enough for two tasks.
// CHECK-LABEL: func @parallel
// CHECK: scf.forall (%{{.*}}) in ({{[0-9]+}})
// CHECK-LABEL: func @few_columns
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-LABEL: func @fewer_rows
// CHECK-NOT: scf.forall
// CHECK-LABEL: func @inside_parallel
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK-NOT: scf.forall
func.func @parallel(%a: memref<256x256xf32>, %b: memref<256x256xf32>, %c: memref<256x256xf32>) {
  linalg.matmul ins(%a, %b : memref<256x256xf32>, memref<256x256xf32>) outs(%c : memref<256x256xf32>)
  return
}
func.func @few_columns(%a: memref<128x256xf32>, %b: memref<256x2xf32>, %c: memref<128x2xf32>) {
  linalg.matmul ins(%a, %b : memref<128x256xf32>, memref<256x2xf32>) outs(%c : memref<128x2xf32>)
  return
}
func.func @fewer_rows(%a: memref<90x256xf32>, %b: memref<256x8xf32>, %c: memref<90x8xf32>) {
  linalg.matmul ins(%a, %b : memref<90x256xf32>, memref<256x8xf32>) outs(%c : memref<90x8xf32>)
  return
}
func.func @inside_parallel(%a: memref<4x256x256xf32>, %b: memref<256x256xf32>, %c: memref<4x256x256xf32>) {
  scf.forall (%i) in (4) {
    %x = memref.subview %a[%i, 0, 0] [1, 256, 256] [1, 1, 1]
      : memref<4x256x256xf32> to memref<256x256xf32, strided<[256, 1], offset: ?>>
    %y = memref.subview %c[%i, 0, 0] [1, 256, 256] [1, 1, 1]
      : memref<4x256x256xf32> to memref<256x256xf32, strided<[256, 1], offset: ?>>
    linalg.matmul ins(%x, %b : memref<256x256xf32, strided<[256, 1], offset: ?>>, memref<256x256xf32>)
      outs(%y : memref<256x256xf32, strided<[256, 1], offset: ?>>)
  }
  return
}

// -----

// Sums that take several blocks wait in scratch for the task's rows in between, 38 though they are cut into tiles of six and
// of five. The next tile's are asked for while one's terms are added: some a turn of the loop, not all at once.
// CHECK-LABEL: func @waiting_sums
// CHECK: memref.alloc() {{.*}} : memref<4096xf32>
// CHECK: %[[waiting:.*]] = memref.alloc() {{.*}} : memref<608xf32>
// CHECK: scf.for {{.*}} step %c4 iter_args
// CHECK-NEXT: arith
// CHECK: memref.prefetch %[[waiting]]
// CHECK-NOT: memref.prefetch
// CHECK: vector.load
func.func @waiting_sums(%a: memref<38x1024xf32>, %b: memref<16x1024xf32>, %c: memref<38x16xf32>) {
  scf.forall (%i) in (1) {
    linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                   affine_map<(i, j, k) -> (i, j)>]
      ins(%a, %b : memref<38x1024xf32>, memref<16x1024xf32>) outs(%c : memref<38x16xf32>)
  }
  return
}

// -----

// Columns that fill no vector, with rows that cross cache lines: a task's tiles of rows share a copy whose vectors do not.
// CHECK-LABEL: func @crossing_lines
// CHECK: scf.forall (%{{.*}}) in (8)
// CHECK: %[[copy:.*]] = memref.alloc() {{.*}} : memref<2048xf32>
// CHECK: vector.load %[[copy]]
// CHECK-LABEL: func @within_lines
// CHECK-NOT: memref.alloc
// CHECK: math.fma
func.func @crossing_lines(%a: memref<1024x256xf32>, %b: memref<256x7xf32>, %c: memref<1024x7xf32>) {
  linalg.matmul ins(%a, %b : memref<1024x256xf32>, memref<256x7xf32>) outs(%c : memref<1024x7xf32>)
  return
}
func.func @within_lines(%a: memref<256x256xf32>, %b: memref<256x4xf32>, %c: memref<256x4xf32>) {
  linalg.matmul ins(%a, %b : memref<256x256xf32>, memref<256x4xf32>) outs(%c : memref<256x4xf32>)
  return
}

// -----

// A tile of one vector has up to fourteen rows, but eight where a's rows, 4 KiB apart, fall on one set of the first cache.
// CHECK-LABEL: func @rows_on_one_set
// CHECK: %{{.*}}:8 = scf.for
// CHECK-LABEL: func @rows_on_all_sets
// CHECK: %{{.*}}:13 = scf.for
func.func @rows_on_one_set(%a: memref<104x1024xf32>, %b: memref<1024x8xf32>, %c: memref<104x8xf32>) {
  linalg.matmul ins(%a, %b : memref<104x1024xf32>, memref<1024x8xf32>) outs(%c : memref<104x8xf32>)
  return
}
func.func @rows_on_all_sets(%a: memref<104x1040xf32>, %b: memref<1040x8xf32>, %c: memref<104x8xf32>) {
  linalg.matmul ins(%a, %b : memref<104x1040xf32>, memref<1040x8xf32>) outs(%c : memref<104x8xf32>)
  return
}

// -----

// Few rows and a b beyond the second cache: it is not copied, but taken 32 terms of all the task's columns at a time. Sums
// wait in scratch. A task's 2 KiB of a term are too short for the core to look ahead: the next block is asked for. With
// several tiles of rows blocks are larger: six instead of sixteen.
// CHECK-LABEL: func @streamed
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK: memref.alloc() {{.*}} : memref<3072xf32>
// CHECK-NOT: memref.alloc
// CHECK: scf.for %{{.*}} = %c0 to %c16 step
// CHECK: scf.for %{{.*}} = %c0 to %c32 step %c4
// CHECK: memref.prefetch %arg1
// CHECK: vector.load %arg1
// CHECK-LABEL: func @streamed_for_tiles
// CHECK: scf.forall (%{{.*}}) in (2)
// CHECK-COUNT-1: memref.alloc()
// CHECK-NOT: memref.alloc
// CHECK: scf.for %{{.*}} = %c0 to %c6 step
func.func @streamed(%a: memref<6x512xf32>, %b: memref<512x1024xf32>, %c: memref<6x1024xf32>) {
  linalg.matmul ins(%a, %b : memref<6x512xf32>, memref<512x1024xf32>) outs(%c : memref<6x1024xf32>)
  return
}
func.func @streamed_for_tiles(%a: memref<20x512xf32>, %b: memref<512x1024xf32>, %c: memref<20x1024xf32>) {
  linalg.matmul ins(%a, %b : memref<20x512xf32>, memref<512x1024xf32>) outs(%c : memref<20x1024xf32>)
  return
}

// -----

// Few columns, which would fill little of a vector: rows that lie one after the other in a fill vectors, and the result's
// elements are stored one by one. Not where a sum is short, or a's rows lie apart.
// CHECK-LABEL: func @vectors_of_rows
// CHECK: vector.load %arg0{{.*}} : memref<100x32xf32>, vector<8xf32>
// CHECK: memref.store {{.*}}, %arg2{{.*}} : memref<32x3xf32>
// CHECK-LABEL: func @short_sums
// CHECK-NOT: vector.load %arg0
// CHECK-LABEL: func @rows_apart
// CHECK-NOT: vector.load %arg0
func.func @vectors_of_rows(%a: memref<100x32xf32>, %b: memref<100x3xf32>, %c: memref<32x3xf32>) {
  linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>,
                                 affine_map<(i, j, k) -> (i, j)>]
    ins(%a, %b : memref<100x32xf32>, memref<100x3xf32>) outs(%c : memref<32x3xf32>)
  return
}
func.func @short_sums(%a: memref<20x32xf32>, %b: memref<20x3xf32>, %c: memref<32x3xf32>) {
  linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (k, j)>,
                                 affine_map<(i, j, k) -> (i, j)>]
    ins(%a, %b : memref<20x32xf32>, memref<20x3xf32>) outs(%c : memref<32x3xf32>)
  return
}
func.func @rows_apart(%a: memref<32x100xf32>, %b: memref<100x3xf32>, %c: memref<32x3xf32>) {
  linalg.matmul ins(%a, %b : memref<32x100xf32>, memref<100x3xf32>) outs(%c : memref<32x3xf32>)
  return
}

// -----

// A result that goes to memory: where AVX-512's registers hold a tile of many rows, and b's rows are whole cache lines, tiles
// go row by row and read b in place. Rows of b that cross lines are copied, and so are those for AVX2's tiles of six rows.
// CHECK-LABEL: func @written_in_rows
// CHECK: memref.alloc()
// TALL-LABEL: func @written_in_rows
// TALL-NOT: memref.alloc
// TALL-LABEL: func @lines_crossed
// TALL: memref.alloc()
func.func @written_in_rows(%a: memref<2048x128xf32>, %b: memref<128x512xf32>, %c: memref<2048x512xf32>) {
  linalg.matmul ins(%a, %b : memref<2048x128xf32>, memref<128x512xf32>) outs(%c : memref<2048x512xf32>)
  return
}
func.func @lines_crossed(%a: memref<2048x128xf32>, %b: memref<128x500xf32>, %c: memref<2048x500xf32>) {
  linalg.matmul ins(%a, %b : memref<2048x128xf32>, memref<128x500xf32>) outs(%c : memref<2048x500xf32>)
  return
}

// -----

// Some hundred rows read b in place from the second cache; but they copy it where its vectors lie on two lines each, or where
// tiles are short (AVX2's), its rows fall on the same sets of the first cache, and a lies across too.
// CHECK-LABEL: func @whole_lines
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func @conflicting_rows
// CHECK-NOT: memref.alloc
// CHECK-LABEL: func @conflicting_rows_across
// CHECK: memref.alloc()
// TALL-LABEL: func @whole_lines
// TALL-NOT: memref.alloc
// TALL-LABEL: func @conflicting_rows
// TALL-NOT: memref.alloc
// TALL-LABEL: func @conflicting_rows_across
// TALL-NOT: memref.alloc
// TALL-LABEL: func @two_lines
// TALL: memref.alloc()
func.func @whole_lines(%a: memref<500x300xf32>, %b: memref<300x112xf32>, %c: memref<500x112xf32>) {
  linalg.matmul ins(%a, %b : memref<500x300xf32>, memref<300x112xf32>) outs(%c : memref<500x112xf32>)
  return
}
func.func @conflicting_rows(%a: memref<784x128xf32>, %b: memref<128x512xf32>, %c: memref<784x512xf32>) {
  linalg.matmul ins(%a, %b : memref<784x128xf32>, memref<128x512xf32>) outs(%c : memref<784x512xf32>)
  return
}
func.func @conflicting_rows_across(%a: memref<128x784xf32>, %b: memref<128x512xf32>, %c: memref<784x512xf32>) {
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>,
                                 affine_map<(m, n, k) -> (m, n)>]
      ins(%a, %b : memref<128x784xf32>, memref<128x512xf32>) outs(%c : memref<784x512xf32>)
  return
}
func.func @two_lines(%a: memref<500x300xf32>, %b: memref<300x100xf32>, %c: memref<500x100xf32>) {
  linalg.matmul ins(%a, %b : memref<500x300xf32>, memref<300x100xf32>) outs(%c : memref<500x100xf32>)
  return
}

// -----

// Rows of a that begin 4 KiB apart fall on one set of the first cache: a tile has no more of them than stay there, nine where
// AVX-512's registers would hold fourteen, as they do of rows 4 KiB and a line apart.
// TALL-LABEL: func @tall_tiles_on_one_set
// TALL: %{{.*}}:27 = scf.for
// TALL-LABEL: func @rows_on_many_sets
// TALL: %{{.*}}:28 = scf.for
func.func @tall_tiles_on_one_set(%a: memref<504x1024xf32>, %b: memref<1024x192xf32>, %c: memref<504x192xf32>) {
  linalg.matmul ins(%a, %b : memref<504x1024xf32>, memref<1024x192xf32>) outs(%c : memref<504x192xf32>)
  return
}
func.func @rows_on_many_sets(%a: memref<504x1040xf32>, %b: memref<1040x128xf32>, %c: memref<504x128xf32>) {
  linalg.matmul ins(%a, %b : memref<504x1040xf32>, memref<1040x128xf32>) outs(%c : memref<504x128xf32>)
  return
}

// -----

// Of tiles that are next to equal, one that has all columns: b is read from end to end.
// TALL-LABEL: func @all_columns
// TALL: %{{.*}}:24 = scf.for
func.func @all_columns(%a: memref<256x256xf32>, %b: memref<256x64xf32>, %c: memref<256x64xf32>) {
  linalg.matmul ins(%a, %b : memref<256x256xf32>, memref<256x64xf32>) outs(%c : memref<256x64xf32>)
  return
}

// -----

// Many rows: all tasks read the same panels of b, made before, and each copies its part of a, whose rows begin 2 KiB apart.
// CHECK-LABEL: func @shared_panels
// CHECK: %[[panels:.*]] = memref.alloc() {{.*}} : memref<131072xf32>
// CHECK: scf.forall (%{{.*}}) in (4)
// CHECK: vector.store %{{.*}}, %[[panels]]
// CHECK: scf.forall (%{{.*}}) in (12)
// CHECK: %[[block:.*]] = memref.alloc()
// CHECK: vector.store %{{.*}}, %[[block]]
// CHECK: %[[a:.*]] = memref.load %[[block]]
// CHECK: vector.load %[[panels]]
func.func @shared_panels(%a: memref<600x512xf32>, %b: memref<512x256xf32>, %c: memref<600x256xf32>) {
  linalg.matmul ins(%a, %b : memref<600x512xf32>, memref<512x256xf32>) outs(%c : memref<600x256xf32>)
  return
}

// -----

// Rows of a transposed first factor lie side by side: a task's copy of them is tile-major. Columns of a transposed second
// factor are transposed in registers on their way into the panels.
// CHECK-LABEL: func @transposed_factors
// CHECK-NOT: linalg.generic
// CHECK: %[[panels:.*]] = memref.alloc() {{.*}} : memref<32768xf32>
// CHECK: %[[block:.*]] = memref.alloc()
// CHECK: %[[masked:.*]] = vector.maskedload %arg0[{{.*}}], {{.*}} : memref<256x96xf32>
// CHECK: %[[rows:.*]] = vector.extract_strided_slice %[[masked]] {offsets = [0], sizes = [6]
// CHECK: vector.store %[[rows]], %[[block]]
// CHECK: vector.load %arg1
// CHECK: vector.shuffle
// CHECK: vector.store %{{.*}}, %[[panels]]
func.func @transposed_factors(%a: memref<256x96xf32>, %b: memref<128x256xf32>, %c: memref<96x128xf32>) {
  scf.forall (%i) in (1) {
    linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, i)>, affine_map<(i, j, k) -> (j, k)>,
                                     affine_map<(i, j, k) -> (i, j)>],
                    iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%a, %b : memref<256x96xf32>, memref<128x256xf32>) outs(%c : memref<96x128xf32>) {
      ^bb0(%x: f32, %y: f32, %s: f32):
        %p = arith.mulf %x, %y : f32
        %t = arith.addf %s, %p : f32
        linalg.yield %t : f32
    }
  }
  return
}

// -----

// Few rows, and columns that lie one after the other: squares are transposed in registers as they are used, a cache line of
// each column a turn; what fills no line goes element by element. Nothing is copied.
// CHECK-LABEL: func @few_rows
// CHECK-NOT: memref.alloc
// CHECK: scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c16
// CHECK: vector.load %arg1{{.*}}, vector<4xf32>
// CHECK: vector.shuffle
// CHECK: math.fma
// CHECK: vector.from_elements
// CHECK: math.fma
// CHECK-NOT: linalg
func.func @few_rows(%x: memref<2x100xf32>, %w: memref<24x100xf32>, %y: memref<2x24xf32>) {
  linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                 affine_map<(i, j, k) -> (i, j)>]
    ins(%x, %w : memref<2x100xf32>, memref<24x100xf32>) outs(%y : memref<2x24xf32>)
  return
}

// -----

// One row uses nothing twice: dot products in sixteen lanes, four columns side by side; 100 = 6 * 16 + 4. Of few terms each
// element is one chain.
// CHECK-LABEL: func @matrix_vector
// CHECK: scf.for %{{.*}} = %c0 to %c96 step %c16 iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK-NOT: vector.shuffle
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK: math.fma {{.*}} : vector<4xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK-LABEL: func @short_matrix_vector
// CHECK-NOT: iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>
// CHECK: vector.shuffle
// CHECK-NOT: linalg
func.func @matrix_vector(%x: memref<1x100xf32>, %w: memref<24x100xf32>, %y: memref<1x24xf32>) {
  linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                 affine_map<(i, j, k) -> (i, j)>]
    ins(%x, %w : memref<1x100xf32>, memref<24x100xf32>) outs(%y : memref<1x24xf32>)
  return
}
func.func @short_matrix_vector(%x: memref<1x48xf32>, %w: memref<24x48xf32>, %y: memref<1x24xf32>) {
  linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                 affine_map<(i, j, k) -> (i, j)>]
    ins(%x, %w : memref<1x48xf32>, memref<24x48xf32>) outs(%y : memref<1x24xf32>)
  return
}

// -----

// The same of a body that is one FMA already.
// CHECK-LABEL: func @fused_matrix_vector
// CHECK: math.fma {{.*}} : vector<16xf32>
// CHECK-NOT: linalg
func.func @fused_matrix_vector(%x: memref<1x100xf32>, %w: memref<24x100xf32>, %y: memref<1x24xf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>,
                                   affine_map<(i, j, k) -> (i, j)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<1x100xf32>, memref<24x100xf32>) outs(%y : memref<1x24xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %d = math.fma %a, %b, %c : f32
      linalg.yield %d : f32
  }
  return
}

// -----

// A scalar product has no column to run vectors along; its terms are FMAs all the same.
// CHECK-LABEL: func @dot
// CHECK: linalg.generic
// CHECK: math.fma
func.func @dot(%a: memref<8xf32>, %b: memref<8xf32>, %c: memref<f32>) {
  linalg.dot ins(%a, %b : memref<8xf32>, memref<8xf32>) outs(%c : memref<f32>)
  return
}

// -----

// Many neighbours: more than a small vector holds without allocating.
// CHECK-LABEL: func @many_epilogues
// CHECK-NOT: memref.alloc
// CHECK-COUNT-7: arith.maximumf
// CHECK-NOT: linalg
func.func @many_epilogues(%a: memref<1x8xf32>, %b: memref<8x8xf32>, %zeros: memref<1x8xf32>, %o: memref<1x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = memref.alloc() : memref<1x8xf32>
  %c1 = memref.alloc() : memref<1x8xf32>
  %c2 = memref.alloc() : memref<1x8xf32>
  %c3 = memref.alloc() : memref<1x8xf32>
  %c4 = memref.alloc() : memref<1x8xf32>
  %c5 = memref.alloc() : memref<1x8xf32>
  %c6 = memref.alloc() : memref<1x8xf32>
  linalg.fill ins(%zero : f32) outs(%c0 : memref<1x8xf32>)
  linalg.matmul ins(%a, %b : memref<1x8xf32>, memref<8x8xf32>) outs(%c0 : memref<1x8xf32>)
  linalg.max ins(%c0, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c1 : memref<1x8xf32>)
  linalg.max ins(%c1, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c2 : memref<1x8xf32>)
  linalg.max ins(%c2, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c3 : memref<1x8xf32>)
  linalg.max ins(%c3, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c4 : memref<1x8xf32>)
  linalg.max ins(%c4, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c5 : memref<1x8xf32>)
  linalg.max ins(%c5, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%c6 : memref<1x8xf32>)
  linalg.max ins(%c6, %zeros : memref<1x8xf32>, memref<1x8xf32>) outs(%o : memref<1x8xf32>)
  return
}
