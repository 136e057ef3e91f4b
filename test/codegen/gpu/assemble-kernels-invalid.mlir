// RUN: nnc-opt %s --nn-assemble-kernels --verify-diagnostics

module attributes {gpu.container_module} {
  gpu.module @kernels {
    llvm.func @nothing(%arena: !llvm.ptr, %place: i64) attributes {gpu.kernel, nvvm.kernel} {
      llvm.return
    }
  }
  func.func @f.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict", nn.device = "cuda"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %none = arith.constant 0 : i32
    %x = memref.view %arena[%c0][] : memref<?xi8> to memref<index>
    %n = memref.load %x[] : memref<index>
    // expected-error @+1 {{takes what is not known before it runs}}
    gpu.launch_func @kernels::@nothing blocks in (%n, %c1, %c1) threads in (%c1, %c1, %c1)
        dynamic_shared_memory_size %none args(%arena : memref<?xi8>, %c0 : index)
    return
  }
}
