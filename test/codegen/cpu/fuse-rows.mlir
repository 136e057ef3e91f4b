// RUN: nnc-opt %s --nn-fuse-rows=march=x86-64-v3 | FileCheck %s

#all = affine_map<(i, j) -> (i, j)>
#swapped = affine_map<(i, j) -> (j, i)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#only = affine_map<(i) -> (i)>
#none = affine_map<(i) -> ()>
#all3 = affine_map<(b, t, j) -> (b, t, j)>
#row3 = affine_map<(b, t, j) -> (b, t)>
#rows3 = affine_map<(b, t) -> (b, t)>
#turned3 = affine_map<(b, t, j) -> (b, j, t)>
#sample_last3 = affine_map<(b, t, j) -> (b, j)>
#sample3 = affine_map<(b, t) -> (b)>

// A row's maximum, what is made of it and a sum of that, with a fill: one loop over blocks of four rows, as many as lie
// in the first cache. What nobody sees outside is a block in the worker's scratch; indices stay those of the whole.
// CHECK-LABEL: func @layer
// CHECK-NOT: linalg.generic
// CHECK: scf.forall (%[[TASK:.*]]) in (64)
// CHECK: scf.for %[[BLOCK:.*]] = %{{.*}} to %{{.*}} step
// CHECK: %[[ROW:.*]] = arith.muli %[[BLOCK]], %c4
// CHECK: %[[MAX:.*]] = memref.alloc() : memref<4xf32>
// CHECK: linalg.generic
// CHECK-SAME: outs(%[[MAX]] :
// CHECK: %[[X:.*]] = memref.subview %arg0[%[[ROW]], 0] [4, 1000] [1, 1]
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[X]] :
// CHECK-SAME: outs(%[[MAX]] :
// CHECK: %[[SHIFTED:.*]] = memref.alloc() : memref<4x1000xf32>
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{[^,]*}}, %[[MAX]] :
// CHECK-SAME: outs(%[[SHIFTED]] :
// CHECK: %[[LOCAL:.*]] = linalg.index 0
// CHECK: %[[INDEX:.*]] = arith.addi %[[LOCAL]], %[[ROW]]
// CHECK: arith.index_cast %[[INDEX]]
// CHECK: %[[SUM:.*]] = memref.subview %arg1[%[[ROW]]] [4] [1]
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[SHIFTED]] :
// CHECK-SAME: outs(%[[SUM]] :
// CHECK-NOT: linalg.generic
// CHECK-NOT: memref.alloc
// CHECK: return
func.func @layer(%x: memref<1024x1000xf32>, %sum: memref<1024xf32>) {
  %low = arith.constant 0xFF800000 : f32
  %max = memref.alloc() : memref<1024xf32>
  linalg.generic {indexing_maps = [#none, #only], iterator_types = ["parallel"]}
      ins(%low : f32) outs(%max : memref<1024xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1024x1000xf32>) outs(%max : memref<1024xf32>) {
    ^bb0(%a: f32, %m: f32):
      %n = arith.maximumf %a, %m : f32
      linalg.yield %n : f32
  }
  %shifted = memref.alloc() : memref<1024x1000xf32>
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %max : memref<1024x1000xf32>, memref<1024xf32>) outs(%shifted : memref<1024x1000xf32>) {
    ^bb0(%a: f32, %m: f32, %o: f32):
      %i = linalg.index 0 : index
      %k = arith.index_cast %i : index to i32
      %f = arith.sitofp %k : i32 to f32
      %d = arith.subf %a, %m : f32
      %n = arith.mulf %d, %f : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%shifted : memref<1024x1000xf32>) outs(%sum : memref<1024xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  return
}

// The mean of all rows stands between, and is read by nothing in the loop: it runs after it. The scale is made before.
// CHECK-LABEL: func @mean_between
// CHECK: memref.store %{{.*}}, %[[SCALE:.*]][]
// CHECK: scf.forall
// CHECK: linalg.generic
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{.*}}, %{{.*}}, %[[SCALE]] :
// CHECK: {{^    [}]$}}
// CHECK: linalg.generic
// CHECK-SAME: iterator_types = ["reduction"]
func.func @mean_between(%x: memref<512x3000xf32>, %sum: memref<512xf32>, %mean: memref<f32>, %scale: memref<f32>,
                        %y: memref<512x3000xf32>) {
  %two = arith.constant 2.0 : f32
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<512x3000xf32>) outs(%sum : memref<512xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#only, #none], iterator_types = ["reduction"]}
      ins(%sum : memref<512xf32>) outs(%mean : memref<f32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  memref.store %two, %scale[] : memref<f32>
  linalg.generic {indexing_maps = [#all, #row, affine_map<(i, j) -> ()>, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum, %scale : memref<512x3000xf32>, memref<512xf32>, memref<f32>) outs(%y : memref<512x3000xf32>) {
    ^bb0(%a: f32, %s: f32, %c: f32, %o: f32):
      %d = arith.divf %a, %s : f32
      %n = arith.mulf %d, %c : f32
      linalg.yield %n : f32
  }
  return
}

// Rows are all leading dimensions, batch and time here. A sum over time would leave rows of a whole sample, which no
// first cache holds: it runs after the loop.
// CHECK-LABEL: func @batch_and_time
// CHECK: scf.forall
// CHECK: memref.subview %arg0[%[[B:.*]], %[[T:.*]], 0] [1, 1, 5000] [1, 1, 1]
// CHECK: linalg.generic
// CHECK: memref.subview %arg0[%[[B]], %[[T]], 0] [1, 1, 5000] [1, 1, 1]
// CHECK: linalg.generic
// CHECK: {{^    [}]$}}
// CHECK: linalg.generic
// CHECK-SAME: ins(%arg1 : memref<16x7xf32>)
func.func @batch_and_time(%x: memref<16x7x5000xf32>, %sum: memref<16x7xf32>, %samples: memref<16xf32>) {
  linalg.generic {indexing_maps = [#all3, #row3], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : memref<16x7x5000xf32>) outs(%sum : memref<16x7xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#rows3, #sample3], iterator_types = ["parallel", "reduction"]}
      ins(%sum : memref<16x7xf32>) outs(%samples : memref<16xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#row3, #all3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%sum : memref<16x7xf32>) outs(%x : memref<16x7x5000xf32>) {
    ^bb0(%s: f32, %a: f32):
      %n = arith.divf %a, %s : f32
      linalg.yield %n : f32
  }
  return
}

// What two members compute alike, and at some cost, the first stores for the second. The gradient takes the rows of
// %logits, of which nobody needs anything any more; they have a use before, where they are made.
// CHECK-LABEL: func @computed_once
// CHECK: %[[LOGITS:.*]] = memref.alloc() : memref<256x8000xf32>
// CHECK-NOT: memref.alloc() : memref<256x8000xf32>
// CHECK: scf.forall
// CHECK: %[[ONCE:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x8000xf32>
// CHECK: linalg.generic
// CHECK-SAME: outs(%{{.*}}, %[[ONCE]] :
// CHECK: math.fma
// CHECK: linalg.yield %{{.*}}, %{{.*}} : f32, f32
// CHECK: %[[GRADIENT:.*]] = memref.subview %[[LOGITS]][
// CHECK: linalg.generic
// CHECK-SAME: ins(%{{[^,]*}}, %[[ONCE]] :
// CHECK-SAME: outs(%[[GRADIENT]] :
// CHECK-NOT: math.fma
// CHECK: memref.store
// CHECK: scf.for
// CHECK: memref.load %[[LOGITS]]
func.func @computed_once(%sum: memref<256xf32>, %first: memref<f32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %logits = memref.alloc() : memref<256x8000xf32>
  scf.for %i = %c0 to %c1 step %c1 {
    memref.store %zero, %logits[%i, %i] : memref<256x8000xf32>
  }
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%logits : memref<256x8000xf32>) outs(%sum : memref<256xf32>) {
    ^bb0(%a: f32, %s: f32):
      %1 = math.fma %a, %a, %zero : f32
      %2 = math.fma %1, %a, %zero : f32
      %3 = math.fma %2, %a, %zero : f32
      %4 = math.fma %3, %a, %zero : f32
      %5 = math.fma %4, %a, %zero : f32
      %6 = math.fma %5, %a, %zero : f32
      %7 = math.fma %6, %a, %zero : f32
      %8 = math.fma %7, %a, %zero : f32
      %9 = math.fma %8, %a, %zero : f32
      %10 = math.fma %9, %a, %zero : f32
      %11 = math.fma %10, %a, %zero : f32
      %12 = math.fma %11, %a, %zero : f32
      %13 = math.fma %12, %a, %zero : f32
      %14 = math.fma %13, %a, %zero : f32
      %15 = math.fma %14, %a, %zero : f32
      %16 = math.fma %15, %a, %zero : f32
      %n = arith.addf %s, %16 : f32
      linalg.yield %n : f32
  }
  %gradient = memref.alloc() : memref<256x8000xf32>
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%logits, %sum : memref<256x8000xf32>, memref<256xf32>) outs(%gradient : memref<256x8000xf32>) {
    ^bb0(%a: f32, %s: f32, %o: f32):
      %1 = math.fma %a, %a, %zero : f32
      %2 = math.fma %1, %a, %zero : f32
      %3 = math.fma %2, %a, %zero : f32
      %4 = math.fma %3, %a, %zero : f32
      %5 = math.fma %4, %a, %zero : f32
      %6 = math.fma %5, %a, %zero : f32
      %7 = math.fma %6, %a, %zero : f32
      %8 = math.fma %7, %a, %zero : f32
      %9 = math.fma %8, %a, %zero : f32
      %10 = math.fma %9, %a, %zero : f32
      %11 = math.fma %10, %a, %zero : f32
      %12 = math.fma %11, %a, %zero : f32
      %13 = math.fma %12, %a, %zero : f32
      %14 = math.fma %13, %a, %zero : f32
      %15 = math.fma %14, %a, %zero : f32
      %16 = math.fma %15, %a, %zero : f32
      %n = arith.divf %16, %s : f32
      linalg.yield %n : f32
  }
  memref.store %zero, %first[] : memref<f32>
  scf.for %i = %c0 to %c1 step %c1 {
    %a = memref.load %gradient[%i, %i] : memref<256x8000xf32>
    memref.store %a, %first[] : memref<f32>
  }
  return
}

// Sums run along the operand's contiguous dimension, the second loop; what they share lies so too, or they would run
// another way.
// CHECK-LABEL: func @shared_as_it_lies
// CHECK: scf.forall
// CHECK: %[[SHARED:.*]] = memref.alloc() {alignment = 64 : i64} : memref<1x8x512xf32>
// CHECK: linalg.generic
// CHECK-SAME: outs(%{{[^,]*}}, %[[SHARED]] :
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[SHARED]] :
func.func @shared_as_it_lies(%x: memref<256x8x512xf32>, %first: memref<256x8xf32>, %second: memref<256x8xf32>) {
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [#turned3, #sample_last3], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%x : memref<256x8x512xf32>) outs(%first : memref<256x8xf32>) {
    ^bb0(%a: f32, %s: f32):
      %d = arith.subf %a, %one : f32
      %p1 = arith.mulf %half, %d : f32
      %q1 = arith.addf %p1, %half : f32
      %p2 = arith.mulf %q1, %d : f32
      %q2 = arith.addf %p2, %half : f32
      %p3 = arith.mulf %q2, %d : f32
      %q3 = arith.addf %p3, %half : f32
      %p4 = arith.mulf %q3, %d : f32
      %q4 = arith.addf %p4, %half : f32
      %p5 = arith.mulf %q4, %d : f32
      %q5 = arith.addf %p5, %half : f32
      %p6 = arith.mulf %q5, %d : f32
      %q6 = arith.addf %p6, %half : f32
      %p7 = arith.mulf %q6, %d : f32
      %q7 = arith.addf %p7, %half : f32
      %p8 = arith.mulf %q7, %d : f32
      %q8 = arith.addf %p8, %half : f32
      %p9 = arith.mulf %q8, %d : f32
      %q9 = arith.addf %p9, %half : f32
      %p10 = arith.mulf %q9, %d : f32
      %q10 = arith.addf %p10, %half : f32
      %v = arith.mulf %q10, %half : f32
      %n = arith.addf %s, %v : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#turned3, #sample_last3], iterator_types = ["parallel", "reduction", "parallel"]}
      ins(%x : memref<256x8x512xf32>) outs(%second : memref<256x8xf32>) {
    ^bb0(%a: f32, %s: f32):
      %d = arith.subf %a, %one : f32
      %p1 = arith.mulf %half, %d : f32
      %q1 = arith.addf %p1, %half : f32
      %p2 = arith.mulf %q1, %d : f32
      %q2 = arith.addf %p2, %half : f32
      %p3 = arith.mulf %q2, %d : f32
      %q3 = arith.addf %p3, %half : f32
      %p4 = arith.mulf %q3, %d : f32
      %q4 = arith.addf %p4, %half : f32
      %p5 = arith.mulf %q4, %d : f32
      %q5 = arith.addf %p5, %half : f32
      %p6 = arith.mulf %q5, %d : f32
      %q6 = arith.addf %p6, %half : f32
      %p7 = arith.mulf %q6, %d : f32
      %q7 = arith.addf %p7, %half : f32
      %p8 = arith.mulf %q7, %d : f32
      %q8 = arith.addf %p8, %half : f32
      %p9 = arith.mulf %q8, %d : f32
      %q9 = arith.addf %p9, %half : f32
      %p10 = arith.mulf %q9, %d : f32
      %q10 = arith.addf %p10, %half : f32
      %v = arith.subf %q10, %half : f32
      %n = arith.addf %s, %v : f32
      linalg.yield %n : f32
  }
  return
}

// The second reads other rows than the first has written in the same turn.
// CHECK-LABEL: func @other_rows
// CHECK-NOT: scf.forall
// CHECK: return
func.func @other_rows(%x: memref<1024x1024xf32>, %y: memref<1024x1024xf32>, %z: memref<1024xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<1024x1024xf32>) outs(%y : memref<1024x1024xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %a, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#swapped, #row], iterator_types = ["parallel", "reduction"]}
      ins(%y : memref<1024x1024xf32>) outs(%z : memref<1024xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  return
}

// A body that looks up what another writes may read any row of it.
// CHECK-LABEL: func @lookup
// CHECK-NOT: scf.forall
// CHECK: return
func.func @lookup(%x: memref<512x3000xf32>, %y: memref<512x3000xf32>, %which: memref<512xindex>,
                  %z: memref<512x3000xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<512x3000xf32>) outs(%y : memref<512x3000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %a, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %which : memref<512x3000xf32>, memref<512xindex>) outs(%z : memref<512x3000xf32>) {
    ^bb0(%a: f32, %w: index, %o: f32):
      %j = linalg.index 1 : index
      %b = memref.load %y[%w, %j] : memref<512x3000xf32>
      %n = arith.addf %a, %b : f32
      linalg.yield %n : f32
  }
  return
}

// The sum of columns is needed by each row of what follows it.
// CHECK-LABEL: func @needs_all_rows
// CHECK-NOT: scf.forall
// CHECK: return
func.func @needs_all_rows(%x: memref<512x3000xf32>, %y: memref<512x3000xf32>, %sum: memref<3000xf32>,
                          %z: memref<512x3000xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<512x3000xf32>) outs(%y : memref<512x3000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %a, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #column], iterator_types = ["reduction", "parallel"]}
      ins(%y : memref<512x3000xf32>) outs(%sum : memref<3000xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y, %sum : memref<512x3000xf32>, memref<3000xf32>) outs(%z : memref<512x3000xf32>) {
    ^bb0(%a: f32, %s: f32, %o: f32):
      %n = arith.subf %a, %s : f32
      linalg.yield %n : f32
  }
  return
}

// Vectors run along these rows, as they lie the other way round: the sum's order must not depend on how many there are.
// CHECK-LABEL: func @vectors_along_rows
// CHECK-NOT: scf.forall
// CHECK: return
func.func @vectors_along_rows(%x: memref<1000x1024xf32>, %max: memref<1024xf32>, %sum: memref<1024xf32>) {
  linalg.generic {indexing_maps = [#swapped, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<1000x1024xf32>) outs(%max : memref<1024xf32>) {
    ^bb0(%a: f32, %m: f32):
      %n = arith.maximumf %a, %m : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#swapped, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x, %max : memref<1000x1024xf32>, memref<1024xf32>) outs(%sum : memref<1024xf32>) {
    ^bb0(%a: f32, %m: f32, %s: f32):
      %d = arith.subf %a, %m : f32
      %n = arith.addf %s, %d : f32
      linalg.yield %n : f32
  }
  return
}

// Small operations stay serial; of few long rows each operation makes more tasks than there are rows; rows of more bytes
// than a core has cache would come from memory all the same.
// CHECK-LABEL: func @small
// CHECK-NOT: scf.forall
// CHECK-LABEL: func @few_rows
// CHECK-NOT: scf.forall
// CHECK-LABEL: func @long_rows
// CHECK-NOT: scf.forall
// CHECK: return
func.func @small(%x: memref<128x10xf32>, %y: memref<128x10xf32>, %z: memref<128x10xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<128x10xf32>) outs(%y : memref<128x10xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %a, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<128x10xf32>) outs(%z : memref<128x10xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.mulf %a, %a : f32
      linalg.yield %n : f32
  }
  return
}
func.func @few_rows(%x: memref<8x1000000xf32>, %y: memref<8x1000000xf32>, %z: memref<8x1000000xf32>) {
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<8x1000000xf32>) outs(%y : memref<8x1000000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.addf %a, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<8x1000000xf32>) outs(%z : memref<8x1000000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %n = arith.mulf %a, %a : f32
      linalg.yield %n : f32
  }
  return
}
func.func @long_rows(%x: memref<64x1000000xf32>, %sum: memref<64xf32>, %y: memref<64x1000000xf32>) {
  linalg.generic {indexing_maps = [#all, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<64x1000000xf32>) outs(%sum : memref<64xf32>) {
    ^bb0(%a: f32, %s: f32):
      %n = arith.addf %s, %a : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x, %sum : memref<64x1000000xf32>, memref<64xf32>) outs(%y : memref<64x1000000xf32>) {
    ^bb0(%a: f32, %s: f32, %o: f32):
      %n = arith.divf %a, %s : f32
      linalg.yield %n : f32
  }
  return
}

// A loop between them is not moved, and nothing past it; parallel loops do not nest.
// CHECK-LABEL: func @loop_between
// CHECK-NOT: scf.forall
// CHECK-LABEL: func @inside
// CHECK: scf.forall
// CHECK-NOT: scf.forall (
// CHECK: return
func.func @loop_between(%x: memref<512x3000xf32>, %y: memref<512x3000xf32>, %z: memref<512x3000xf32>, %n: memref<f32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant 1.0 : f32
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<512x3000xf32>) outs(%y : memref<512x3000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
  }
  scf.for %i = %c0 to %c1 step %c1 {
    memref.store %one, %n[] : memref<f32>
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y : memref<512x3000xf32>) outs(%z : memref<512x3000xf32>) {
    ^bb0(%a: f32, %o: f32):
      %s = arith.mulf %a, %a : f32
      linalg.yield %s : f32
  }
  return
}
func.func @inside(%x: memref<512x3000xf32>, %y: memref<512x3000xf32>, %z: memref<512x3000xf32>) {
  scf.forall (%i) in (2) {
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%x : memref<512x3000xf32>) outs(%y : memref<512x3000xf32>) {
      ^bb0(%a: f32, %o: f32):
        %s = arith.addf %a, %a : f32
        linalg.yield %s : f32
    }
    linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
        ins(%y : memref<512x3000xf32>) outs(%z : memref<512x3000xf32>) {
      ^bb0(%a: f32, %o: f32):
        %s = arith.mulf %a, %a : f32
        linalg.yield %s : f32
    }
  }
  return
}
