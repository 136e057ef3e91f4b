// RUN: nnc-opt %s | nnc-opt | FileCheck %s

// CHECK-LABEL: func @all
// CHECK: nn.library_product %arg0, %arg1 into %arg2 workspace %arg3 bias(%arg4) {accumulate, relu}
// CHECK-SAME: memref<2x32x64xf32>, memref<2x64x16xf32, strided<[1024, 1, 64], offset: 8>>, memref<2x32x16xf32>,
func.func @all(%a: memref<2x32x64xf32>, %b: memref<2x64x16xf32, strided<[1024, 1, 64], offset: 8>>,
               %d: memref<2x32x16xf32>, %w: memref<1024xi8>, %bias: memref<16xf32>) {
  nn.library_product %a, %b into %d workspace %w bias(%bias) {accumulate, relu}
      : memref<2x32x64xf32>, memref<2x64x16xf32, strided<[1024, 1, 64], offset: 8>>, memref<2x32x16xf32>,
        memref<1024xi8>, memref<16xf32>
  return
}

// CHECK-LABEL: func @plain
// CHECK: nn.library_product %arg0, %arg1 into %arg2 workspace %arg3 : memref<1x8x8xf64>
func.func @plain(%a: memref<1x8x8xf64>, %b: memref<1x8x8xf64>, %d: memref<1x8x8xf64>, %w: memref<0xi8>) {
  nn.library_product %a, %b into %d workspace %w
      : memref<1x8x8xf64>, memref<1x8x8xf64>, memref<1x8x8xf64>, memref<0xi8>
  return
}
