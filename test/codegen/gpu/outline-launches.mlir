// RUN: nnc-opt %s --nn-outline-launches --canonicalize | FileCheck %s

// Launches that differ in their buffers' places alone share a kernel, which gets these places; one that differs in
// another constant has a kernel of its own. The sizes of a launch are known in it.
// CHECK: gpu.module @kernels
// CHECK: gpu.func @f_predict_[[NAME:[a-z_0-9]+]](
// CHECK-SAME: %[[ARENA:.*]]: memref<1024xi8>, %[[X:.*]]: index, %[[Y:.*]]: index) kernel
// CHECK-SAME: known_block_size = array<i32: 32, 1, 1>, known_grid_size = array<i32: 2, 1, 1>
// CHECK-DAG: arith.constant 2.000000e+00
// CHECK-DAG: memref.view %[[ARENA]][%[[X]]][] : memref<1024xi8> to memref<64xf32>
// CHECK-DAG: memref.view %[[ARENA]][%[[Y]]][] : memref<1024xi8> to memref<64xf32>
// CHECK: gpu.func @f_predict_
// CHECK: arith.constant 3.000000e+00
// CHECK-NOT: gpu.func
// CHECK: func @f.predict
// CHECK-NOT: memref.view
// CHECK: gpu.launch_func @kernels::@f_predict_[[NAME]] {{.*}}args(%{{.*}}, %c0 : index, %c256 : index)
// CHECK: gpu.launch_func @kernels::@f_predict_[[NAME]] {{.*}}args(%{{.*}}, %c256 : index, %c512 : index)
// CHECK-NOT: @f_predict_[[NAME]] {{.*}}args(
// CHECK: gpu.launch_func
module attributes {nn.program = {arena_bytes = 1024 : i64}} {
  func.func @f.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict", nn.device = "cuda"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c32 = arith.constant 32 : index
    %c256 = arith.constant 256 : index
    %c512 = arith.constant 512 : index
    %none = arith.constant 0 : i32
    %x = memref.view %arena[%c0][] : memref<?xi8> to memref<64xf32>
    %y = memref.view %arena[%c256][] : memref<?xi8> to memref<64xf32>
    %z = memref.view %arena[%c512][] : memref<?xi8> to memref<64xf32>
    gpu.launch blocks(%b0, %b0y, %b0z) in (%g0 = %c2, %g0y = %c1, %g0z = %c1)
        threads(%t0, %t0y, %t0z) in (%s0 = %c32, %s0y = %c1, %s0z = %c1) dynamic_shared_memory_size %none {
      %first = arith.muli %b0, %c32 : index
      %at = arith.addi %first, %t0 : index
      %factor = arith.constant 2.0 : f32
      %v = memref.load %x[%at] : memref<64xf32>
      %w = arith.mulf %v, %factor : f32
      memref.store %w, %y[%at] : memref<64xf32>
      gpu.terminator
    }
    gpu.launch blocks(%b1, %b1y, %b1z) in (%g1 = %c2, %g1y = %c1, %g1z = %c1)
        threads(%t1, %t1y, %t1z) in (%s1 = %c32, %s1y = %c1, %s1z = %c1) dynamic_shared_memory_size %none {
      %first = arith.muli %b1, %c32 : index
      %at = arith.addi %first, %t1 : index
      %factor = arith.constant 2.0 : f32
      %v = memref.load %y[%at] : memref<64xf32>
      %w = arith.mulf %v, %factor : f32
      memref.store %w, %z[%at] : memref<64xf32>
      gpu.terminator
    }
    gpu.launch blocks(%b2, %b2y, %b2z) in (%g2 = %c2, %g2y = %c1, %g2z = %c1)
        threads(%t2, %t2y, %t2z) in (%s2 = %c32, %s2y = %c1, %s2z = %c1) dynamic_shared_memory_size %none {
      %first = arith.muli %b2, %c32 : index
      %at = arith.addi %first, %t2 : index
      %factor = arith.constant 3.0 : f32
      %v = memref.load %y[%at] : memref<64xf32>
      %w = arith.mulf %v, %factor : f32
      memref.store %w, %z[%at] : memref<64xf32>
      gpu.terminator
    }
    return
  }
}
