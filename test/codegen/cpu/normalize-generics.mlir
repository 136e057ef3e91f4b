// RUN: nnc-opt %s --nn-normalize-generics --canonicalize | FileCheck %s

// Named operations and copies become linalg.generic.
// CHECK-LABEL: func @copy
// CHECK-NOT: memref.copy
// CHECK: linalg.generic
// CHECK-NEXT: ^bb0(%[[x:.*]]: f32, %{{.*}}: f32):
// CHECK-NEXT: linalg.yield %[[x]]
func.func @copy(%a: memref<4x8xf32>, %b: memref<4x8xf32>) {
  memref.copy %a, %b : memref<4x8xf32> to memref<4x8xf32>
  return
}

// A loop of one iteration is no loop: the product of one row has two loops left.
// CHECK-LABEL: func @one_row
// CHECK: linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK-SAME: memref<8xf32
func.func @one_row(%a: memref<1x8xf32>, %b: memref<8x16xf32>, %c: memref<1x16xf32>) {
  linalg.matmul ins(%a, %b : memref<1x8xf32>, memref<8x16xf32>) outs(%c : memref<1x16xf32>)
  return
}

// A view of what a loop does not change is made before the loop.
// CHECK-LABEL: func @view_before_loop
// CHECK: memref.subview
// CHECK: scf.for
// CHECK-NOT: memref.subview
func.func @view_before_loop(%a: memref<4x8xf32>, %b: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c9 = arith.constant 9 : index
  scf.for %t = %c0 to %c9 step %c1 {
    %row = memref.subview %a[2, 0] [1, 8] [1, 1] : memref<4x8xf32> to memref<8xf32, strided<[1], offset: 16>>
    linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%row : memref<8xf32, strided<[1], offset: 16>>) outs(%b : memref<8xf32>) {
      ^bb0(%x: f32, %y: f32):
        %sum = arith.addf %x, %y : f32
        linalg.yield %sum : f32
    }
  }
  return
}
