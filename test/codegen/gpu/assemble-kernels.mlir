// RUN: nnc-opt %s --nn-assemble-kernels | FileCheck %s
// REQUIRES: ptxas

// The module gets a fat binary, and what each kernel takes on each architecture; an entry is the list of its launches.
// CHECK: module attributes {
// CHECK-SAME: nn.image = "
// CHECK-SAME: nn.kernel_resources = [{architecture = "sm_80", frame_bytes = 0 : i64, kernel = "double",
// CHECK-SAME: registers = {{[1-9][0-9]*}} : i64, spill_bytes = 0 : i64}, {architecture = "sm_90"
// CHECK-NOT: gpu.module
// CHECK: func private @f.predict(memref<?xi8>)
// CHECK-SAME: nn.launches = [{arguments = array<i64: 128>, blocks = 2 : i64, cooperative = false, kernel = "double", shared_bytes = 0 : i64,
// CHECK-SAME: threads = 32 : i64}]
// CHECK-NOT: gpu.launch_func
module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @double(%arena: !llvm.ptr, %place: i64) attributes {gpu.kernel, nvvm.kernel} {
      %x = llvm.getelementptr %arena[%place] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %v = llvm.load %x : !llvm.ptr -> f32
      %w = llvm.fadd %v, %v : f32
      llvm.store %w, %x : f32, !llvm.ptr
      llvm.return
    }
  }
  func.func @f.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict", nn.device = "cuda"} {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c32 = arith.constant 32 : index
    %c128 = arith.constant 128 : index
    %none = arith.constant 0 : i32
    gpu.launch_func @kernels::@double blocks in (%c2, %c1, %c1) threads in (%c32, %c1, %c1)
        dynamic_shared_memory_size %none args(%arena : memref<?xi8>, %c128 : index)
    return
  }
}
