// A product in a loop that leaves its second operand as it is reads that operand as panels, which are made before the
// loop and, where the loop stands in a parallel one, before that. Panels of different widths, as 256 columns are for
// tiles of 24, leave no byte between them.
// RUN: nnc-opt %s --nn-lower-contractions=march=x86-64-v4 | FileCheck %s
// RUN: nnc-opt %s --nn-lower-contractions=march=x86-64-v3 | FileCheck %s --check-prefixes=CHECK,V3

#a = affine_map<(b, n, k) -> (b, k)>
#b = affine_map<(b, n, k) -> (k, n)>
#c = affine_map<(b, n, k) -> (b, n)>

// CHECK-LABEL: func.func @recurrence
// CHECK: %[[PANELS:.*]] = memref.alloc() {{.*}} : memref<16384xf32>
// CHECK: vector.store {{.*}}, %[[PANELS]]
// CHECK: scf.forall {{.*}} in (2)
// CHECK: scf.for
// CHECK: vector.load %[[PANELS]]
// CHECK-NOT: vector.store {{.*}}, %[[PANELS]]
func.func @recurrence(%h: memref<2x16x64xf32>, %u: memref<64x256xf32>, %z: memref<2x16x256xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.forall (%i) in (2) {
    %hi = memref.subview %h[%i, 0, 0] [1, 16, 64] [1, 1, 1]
        : memref<2x16x64xf32> to memref<16x64xf32, strided<[64, 1], offset: ?>>
    %zi = memref.subview %z[%i, 0, 0] [1, 16, 256] [1, 1, 1]
        : memref<2x16x256xf32> to memref<16x256xf32, strided<[256, 1], offset: ?>>
    scf.for %t = %c0 to %c9 step %c1 {
      linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%hi, %u : memref<16x64xf32, strided<[64, 1], offset: ?>>, memref<64x256xf32>)
          outs(%zi : memref<16x256xf32, strided<[256, 1], offset: ?>>) {
        ^bb0(%x: f32, %y: f32, %s: f32):
          %p = arith.mulf %x, %y : f32
          %q = arith.addf %s, %p : f32
          linalg.yield %q : f32
      }
    }
  }
  return
}

// What the loop writes itself has to be read where it lies.
// CHECK-LABEL: func.func @written
// CHECK-NOT: memref.alloc
func.func @written(%h: memref<16x64xf32>, %u: memref<64x256xf32>, %z: memref<16x256xf32>, %one: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %t = %c0 to %c9 step %c1 {
    memref.store %one, %u[%t, %t] : memref<64x256xf32>
    linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%h, %u : memref<16x64xf32>, memref<64x256xf32>) outs(%z : memref<16x256xf32>) {
      ^bb0(%x: f32, %y: f32, %s: f32):
        %p = arith.mulf %x, %y : f32
        %q = arith.addf %s, %p : f32
        linalg.yield %q : f32
    }
  }
  return
}

// More rows than stay in the second cache are one task all the same, inside a parallel loop: tiles of 6 rows and of 5.
// CHECK-LABEL: func.func @many_rows
// V3: scf.forall {{.*}} in (2)
// V3: scf.for {{.*}} to %c169
// V3: scf.for {{.*}} = %c169{{.*}} to %c171
func.func @many_rows(%h: memref<2x1024x256xf32>, %u: memref<256x64xf32>, %z: memref<2x1024x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  scf.forall (%i) in (2) {
    %hi = memref.subview %h[%i, 0, 0] [1, 1024, 256] [1, 1, 1]
        : memref<2x1024x256xf32> to memref<1024x256xf32, strided<[256, 1], offset: ?>>
    %zi = memref.subview %z[%i, 0, 0] [1, 1024, 64] [1, 1, 1]
        : memref<2x1024x64xf32> to memref<1024x64xf32, strided<[64, 1], offset: ?>>
    scf.for %t = %c0 to %c3 step %c1 {
      linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%hi, %u : memref<1024x256xf32, strided<[256, 1], offset: ?>>, memref<256x64xf32>)
          outs(%zi : memref<1024x64xf32, strided<[64, 1], offset: ?>>) {
        ^bb0(%x: f32, %y: f32, %s: f32):
          %p = arith.mulf %x, %y : f32
          %q = arith.addf %s, %p : f32
          linalg.yield %q : f32
      }
    }
  }
  return
}

// Panels that come from the outer caches: while one is used, the next one is asked for.
// V3-LABEL: func.func @far
// V3: %[[FAR:.*]] = memref.alloc() {{.*}} : memref<1048576xf32>
// V3: scf.forall
// V3: vector.store {{.*}}, %[[FAR]]
// V3: scf.forall
// V3: memref.prefetch %[[FAR]][%{{.*}}], read, locality<2>, data
// V3: vector.load %[[FAR]]
func.func @far(%a: memref<1024x1024xf32>, %b: memref<1024x1024xf32>, %c: memref<1024x1024xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<1024x1024xf32>, memref<1024x1024xf32>) outs(%c : memref<1024x1024xf32>) {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}

// Fewer rows than columns: tasks by columns, none of which copies what another one copies too.
// V3-LABEL: func.func @flat
// V3: scf.forall {{.*}} in (8)
// V3: memref.alloc() {{.*}} : memref<6144xf32>
// V3-NOT: memref.prefetch {{.*}}, read
func.func @flat(%a: memref<128x512xf32>, %b: memref<512x256xf32>, %c: memref<128x256xf32>) {
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<128x512xf32>, memref<512x256xf32>) outs(%c : memref<128x256xf32>) {
    ^bb0(%x: f32, %y: f32, %s: f32):
      %p = arith.mulf %x, %y : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  }
  return
}
