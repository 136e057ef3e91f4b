// RUN: nnc-opt --nn-emulate-kernels --split-input-file --verify-diagnostics %s | FileCheck %s
// RUN: nnc-opt --nn-emulate-kernels=detect-races --split-input-file --verify-diagnostics %s \
// RUN:   | FileCheck %s --check-prefix=RACES

// A kernel gets the arena and numbers from its context, its ids from its thread; the launch is a call of the host. What
// it is called by name, and where its threads wait, are texts.
// CHECK-NOT: gpu.
// CHECK-NOT: nn.device
// CHECK-LABEL: func.func @m.predict(
// CHECK: %[[CONTEXT:.*]] = llvm.alloca %{{.*}} x i64
// CHECK: llvm.store %{{.*}}, %{{.*}} : !llvm.ptr, !llvm.ptr
// CHECK: llvm.store %{{.*}}, %{{.*}} : i64, !llvm.ptr
// CHECK: %[[BODY:.*]] = constant @copy : (!llvm.ptr, !llvm.ptr) -> ()
// CHECK: %[[NAME:.*]] = llvm.mlir.addressof @nnc.emulated.text
// CHECK: call @nnc_rt_emulate(%[[NAME]], %[[BODY]], %[[CONTEXT]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[FLAGS:[^,]*]], %[[NONE:.*]])
// RACES: %[[FLAGS:.*]] = arith.constant 1 : i64
// RACES: call @nnc_rt_emulate(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[FLAGS]], %{{.*}})

// CHECK-LABEL: func.func private @copy(
// CHECK-SAME: %[[CONTEXT:.*]]: !llvm.ptr, %[[THREAD:.*]]: !llvm.ptr)
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> !llvm.ptr
// CHECK: llvm.load %{{.*}} : !llvm.ptr -> i64
// CHECK: %[[ID:.*]] = arith.index_cast
// CHECK: memref.view %{{.*}} : memref<?xi8> to memref<64xf32>
// CHECK-NOT: nnc_rt_emulate_access
// CHECK: %[[PLACE:.*]] = llvm.mlir.addressof
// CHECK: call @nnc_rt_emulate_barrier(%[[THREAD]], %[[PLACE]])
// CHECK-NOT: nnc_rt_emulate_access
// CHECK: return

// Accesses to memory that threads share are reported first, not those of a thread's own and of constants.
// RACES-LABEL: func.func private @copy(
// RACES: memref.load %{{.*}} : memref<2xf32>
// RACES: %[[READ:.*]] = arith.constant 0 : i64
// RACES: call @nnc_rt_emulate_access(%{{.*}}, %{{.*}}, %{{.*}}, %[[READ]], %{{.*}})
// RACES: memref.load %{{.*}} : memref<64xf32>
// RACES: memref.store %{{.*}} : memref<1xf32>
// RACES: memref.load %{{.*}} : memref<1xf32>
// RACES: %[[SHARED_WRITE:.*]] = arith.constant 3 : i64
// RACES: call @nnc_rt_emulate_access(%{{.*}}, %{{.*}}, %{{.*}}, %[[SHARED_WRITE]], %{{.*}})
// RACES: memref.store %{{.*}} : memref<64xf32>
// RACES: call @nnc_rt_emulate_barrier(
// RACES: %[[SHARED_READ:.*]] = arith.constant 2 : i64
// RACES: call @nnc_rt_emulate_access(%{{.*}}, %{{.*}}, %{{.*}}, %[[SHARED_READ]], %{{.*}})
// RACES: vector.load %{{.*}} : memref<64xf32>, vector<4xf32>
// RACES: llvm.mlir.global private constant @{{.*}}("memref.load of m.dense (m.mlir:3:5)\00")
module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
  func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict", nn.device = "cuda"} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c64 = arith.constant 64 : index
    %bytes = arith.constant 256 : i32
    gpu.launch_func @kernels::@copy blocks in (%c1, %c1, %c1) threads in (%c64, %c1, %c1)
        dynamic_shared_memory_size %bytes args(%arena : memref<?xi8>, %c0 : index)
    return
  }
  gpu.module @kernels {
    memref.global "private" constant @numbers : memref<2xf32> = dense<[1.0, 2.0]>
    gpu.func @copy(%arena: memref<?xi8>, %offset: index) kernel {
      %c0 = arith.constant 0 : index
      %thread = gpu.thread_id x
      %numbers = memref.get_global @numbers : memref<2xf32>
      %number = memref.load %numbers[%c0] : memref<2xf32>
      %x = memref.view %arena[%offset][] : memref<?xi8> to memref<64xf32>
      %value = memref.load %x[%thread] : memref<64xf32> loc("m.dense"("m.mlir":3:5))
      %own = memref.alloca() : memref<1xf32>
      memref.store %value, %own[%c0] : memref<1xf32>
      %kept = memref.load %own[%c0] : memref<1xf32>
      %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %place = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>>
          to memref<64xf32, #gpu.address_space<workgroup>>
      %s = memref.memory_space_cast %place : memref<64xf32, #gpu.address_space<workgroup>> to memref<64xf32>
      memref.store %kept, %s[%thread] : memref<64xf32>
      gpu.barrier
      %four = vector.load %s[%c0] : memref<64xf32>, vector<4xf32>
      gpu.return
    }
  }
}

// -----

// A barrier of the grid needs all blocks at once; shuffles and asynchronous copies are the host's business.
// CHECK-LABEL: func.func @m.predict(
// CHECK: %[[COOPERATIVE:.*]] = arith.constant 2 : i64
// CHECK: call @nnc_rt_emulate(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[COOPERATIVE]], %{{.*}})
// CHECK-LABEL: func.func private @wait(
// CHECK: call @nnc_rt_emulate_grid_barrier(
// CHECK: call @nnc_rt_emulate_exchange(
// CHECK: call @nnc_rt_emulate_copy(
// CHECK: call @nnc_rt_emulate_copy_group(
// CHECK: %[[PENDING:.*]] = arith.constant 1 : i64
// CHECK: call @nnc_rt_emulate_copy_wait(%{{.*}}, %[[PENDING]])
// CHECK: %[[TERMS:.*]] = arith.constant 8 : i64
// CHECK: call @nnc_rt_emulate_mma(%{{.*}}, %{{.*}}, %{{.*}}, %[[TERMS]], %{{.*}})
// RACES-LABEL: func.func private @wait(
module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
  func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
    %c1 = arith.constant 1 : index
    %c32 = arith.constant 32 : index
    gpu.launch_func @kernels::@wait blocks in (%c1, %c1, %c1) threads in (%c32, %c1, %c1) args(%arena : memref<?xi8>)
    return
  }
  gpu.module @kernels {
    gpu.func @wait(%arena: memref<?xi8>) kernel {
      %c0 = arith.constant 0 : index
      %one = arith.constant 1 : i32
      %width = arith.constant 32 : i32
      %value = arith.constant 1.0 : f32
      %a = arith.constant dense<1.0> : vector<4x1xf32>
      %b = arith.constant dense<1.0> : vector<2x1xf32>
      %c = arith.constant dense<1.0> : vector<2x2xf32>
      %x = memref.view %arena[%c0][] : memref<?xi8> to memref<64xf32>
      %shared = gpu.dynamic_shared_memory : memref<?xi8, #gpu.address_space<workgroup>>
      %s = memref.view %shared[%c0][] : memref<?xi8, #gpu.address_space<workgroup>>
          to memref<64xf32, #gpu.address_space<workgroup>>
      gpu.barrier {nn.grid}
      %other, %valid = gpu.shuffle down %value, %one, %width : f32
      %copy = nvgpu.device_async_copy %x[%c0], %s[%c0], 4
          : memref<64xf32> to memref<64xf32, #gpu.address_space<workgroup>>
      %group = nvgpu.device_async_create_group %copy
      nvgpu.device_async_wait %group {numGroups = 1 : i32}
      %d = nvgpu.mma.sync (%a, %b, %c) {mmaShape = [16, 8, 8], tf32Enabled}
          : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
      gpu.return
    }
  }
}

// -----

// What the emulator does not know is refused.
module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
  func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
    return
  }
  gpu.module @kernels {
    gpu.func @unknown(%arena: memref<?xi8>) kernel {
      %value = arith.constant 1.0 : f32
      %one = arith.constant 1 : i32
      %width = arith.constant 16 : i32
      // expected-error @below {{'gpu.all_reduce' op is no operation that the emulator knows}}
      %sum = gpu.all_reduce add %value {} : (f32) -> f32
      // expected-error @below {{is not of 32 lanes, which is what the emulator knows}}
      %other, %valid = gpu.shuffle xor %value, %one, %width : f32
      gpu.return
    }
    // expected-error @below {{does not take the arena, as 'memref<?xi8>', and then numbers of at most 64 bits}}
    gpu.func @numbers(%x: memref<64xf32>) kernel {
      gpu.return
    }
    // expected-error @below {{has buffers of its own; the emulator knows shared memory by gpu.dynamic_shared_memory alone}}
    gpu.func @buffers(%arena: memref<?xi8>) workgroup(%s: memref<4xf32, #gpu.address_space<workgroup>>) kernel {
      gpu.return
    }
    // expected-error @below {{is no kernel, which is all that the emulator knows of a module of kernels}}
    gpu.func @function(%arena: memref<?xi8>) {
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module, nn.program = {arena_bytes = 256 : i64}} {
  func.func @m.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict"} {
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    // expected-error @below {{has blocks or threads in more than one dimension, which the emulator does not know}}
    gpu.launch_func @kernels::@plane blocks in (%c1, %c2, %c1) threads in (%c1, %c1, %c1) args(%arena : memref<?xi8>)
    return
  }
  gpu.module @kernels {
    gpu.func @plane(%arena: memref<?xi8>) kernel {
      gpu.return
    }
  }
}

// -----

// expected-error @below {{has kernels, but no arena; --nn-plan-arena makes one}}
module attributes {gpu.container_module} {
  gpu.module @kernels {
  }
}
