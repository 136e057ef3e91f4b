// RUN: nnc-opt --nn-check-buffers %s | FileCheck %s

// Each copy gets its reason, and the entry point their number.
// CHECK: nn.copies = {carried = 1 : i64, initial = 1 : i64, output = 1 : i64, part = 1 : i64, sequence = 1 : i64,
// CHECK-SAME: variable = 1 : i64}
func.func @fit.train(%x: memref<4xf32> {nn.input = "x"}, %w: memref<4xf32> {nn.variable = @w},
                     %y: memref<4xf32> {nn.output = "y"}, %s: memref<8x4xf32> {nn.output = "s"})
    attributes {nn.entry = "train"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // The loop overwrites what x is still needed for.
  %h = memref.alloc() : memref<4xf32>
  // CHECK: memref.copy {{.*}} {nn.copy_reason = "initial"}
  memref.copy %x, %h : memref<4xf32> to memref<4xf32>
  scf.for %t = %c0 to %c8 step %c1 {
    %next = memref.alloc() : memref<4xf32>
    linalg.exp ins(%h : memref<4xf32>) outs(%next : memref<4xf32>)
    %slot = memref.subview %s[%t, 0] [1, 4] [1, 1] : memref<8x4xf32> to memref<4xf32, strided<[1], offset: ?>>
    // CHECK: memref.copy {{.*}} {nn.copy_reason = "sequence"}
    memref.copy %next, %slot : memref<4xf32> to memref<4xf32, strided<[1], offset: ?>>
    // CHECK: memref.copy {{.*}} {nn.copy_reason = "carried"}
    memref.copy %next, %h : memref<4xf32> to memref<4xf32>
  }
  %both = memref.alloc() : memref<8xf32>
  %left = memref.subview %both[0] [4] [1] : memref<8xf32> to memref<4xf32, strided<[1]>>
  // CHECK: memref.copy {{.*}} {nn.copy_reason = "part"}
  memref.copy %h, %left : memref<4xf32> to memref<4xf32, strided<[1]>>
  %new = memref.alloc() : memref<4xf32>
  linalg.add ins(%w, %h : memref<4xf32>, memref<4xf32>) outs(%new : memref<4xf32>)
  // CHECK: memref.copy {{.*}} {nn.copy_reason = "variable"}
  memref.copy %new, %w : memref<4xf32> to memref<4xf32>
  // CHECK: memref.copy {{.*}} {nn.copy_reason = "output"}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}
