// RUN: nnc-opt --nn-lower-arena --split-input-file --verify-diagnostics %s | FileCheck %s

// CHECK: func.func @m.predict(%[[P:.*]]: !llvm.ptr)
// CHECK: llvm.insertvalue %[[P]]
// CHECK: %[[ARENA:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?xi8>
// CHECK: memref.view %[[ARENA]]
func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<f32>
  memref.store %zero, %x[] : memref<f32>
  return
}

// -----

// expected-error@+1 {{does not take the arena alone}}
func.func @m.predict(%x: memref<4xf32>) attributes {nn.entry = "predict"} {
  return
}
