// RUN: nnc-opt %s --pass-pipeline='builtin.module(gpu.module(nn-lower-grid-barriers))' | FileCheck %s

// The first thread of each block adds to the module's counter, block 0 so much that its highest bit changes when all
// have, and waits for that. What was written before is seen after: a fence, and loads that acquire.
// CHECK: llvm.mlir.global internal @nnc_grid_barrier(0 : i32) {addr_space = 1 : i32} : i32
// CHECK-LABEL: gpu.func @waits
// CHECK: gpu.barrier{{$}}
// CHECK: %[[THREAD:.*]] = gpu.thread_id x
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[THREAD]], %{{.*}} : index
// CHECK: scf.if %[[FIRST]] {
// CHECK: %[[COUNTER:.*]] = llvm.mlir.addressof @nnc_grid_barrier
// CHECK: %[[BLOCKS:.*]] = gpu.grid_dim x
// CHECK: %[[MANY:.*]] = arith.subi %c-2147483647_i32
// CHECK: %[[SHARE:.*]] = arith.select %{{.*}}, %[[MANY]], %c1_i32
// CHECK: %[[BEFORE:.*]] = llvm.load %[[COUNTER]] atomic syncscope("device") monotonic
// CHECK: llvm.fence syncscope("device") acq_rel
// CHECK: llvm.atomicrmw add %[[COUNTER]], %[[SHARE]] syncscope("device") monotonic
// CHECK: scf.while
// CHECK: %[[NOW:.*]] = llvm.load %[[COUNTER]] atomic syncscope("device") acquire
// CHECK: %[[CHANGED:.*]] = arith.xori %[[NOW]], %[[BEFORE]]
// CHECK: arith.andi %[[CHANGED]], %c-2147483648_i32
// CHECK: scf.condition
// CHECK: gpu.barrier{{$}}
// CHECK-NOT: nn.grid
gpu.module @kernels {
  gpu.func @waits(%arena: memref<256xi8>) kernel {
    gpu.barrier {nn.grid}
    gpu.return
  }
}

// A module without such barriers has no counter.
// CHECK-LABEL: gpu.module @others
// CHECK-NEXT: gpu.func @waits
gpu.module @others {
  gpu.func @waits(%arena: memref<256xi8>) kernel {
    gpu.barrier
    gpu.return
  }
}
