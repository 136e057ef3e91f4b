// RUN: nnc-opt --nn-emulate-kernels=detect-races --verify-diagnostics %s

// An access that is not reported would hide races.
module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
  gpu.module @kernels {
    gpu.func @unknown(%arena: memref<?xi8>) kernel {
      %c0 = arith.constant 0 : index
      %one = arith.constant 1 : i32
      %x = memref.view %arena[%c0][] : memref<?xi8> to memref<64xi32>
      // expected-error @below {{touches memory in a way that the race detector does not know}}
      %old = memref.atomic_rmw addi %one, %x[%c0] : (i32, memref<64xi32>) -> i32
      gpu.return
    }
  }
}
