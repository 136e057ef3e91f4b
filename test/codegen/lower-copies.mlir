// RUN: nnc-opt --nn-lower-copies %s | FileCheck %s

// CHECK-LABEL: @copies
func.func @copies(%a: memref<4x4xf32>, %b: memref<4x4xf32>) {
  // CHECK: memref.copy
  memref.copy %a, %b : memref<4x4xf32> to memref<4x4xf32>
  %c = memref.subview %a[0, 0] [4, 2] [1, 1] : memref<4x4xf32> to memref<4x2xf32, strided<[4, 1]>>
  %d = memref.subview %b[0, 2] [4, 2] [1, 1] : memref<4x4xf32> to memref<4x2xf32, strided<[4, 1], offset: 2>>
  // CHECK: linalg.copy {nn.copy_reason = "part"}
  memref.copy %c, %d {nn.copy_reason = "part"} : memref<4x2xf32, strided<[4, 1]>> to memref<4x2xf32, strided<[4, 1], offset: 2>>
  return
}
