// RUN: nnc-opt %s --split-input-file --verify-diagnostics \
// RUN:   --pass-pipeline='builtin.module(gpu.module(nn-lower-device-math))' | FileCheck %s

// What a device has an instruction for; vectors and integers are left alone.
// CHECK-LABEL: gpu.func @known
// CHECK: llvm.call_intrinsic "llvm.fma"(%arg0, %arg1, %arg0) : (f32, f32, f32) -> f32
// CHECK: llvm.call_intrinsic "llvm.sqrt"
// CHECK: llvm.call_intrinsic "llvm.fabs"
// CHECK: llvm.call_intrinsic "llvm.floor"
// CHECK: llvm.call_intrinsic "llvm.ceil"
// CHECK: llvm.call_intrinsic "llvm.trunc"
// CHECK: llvm.call_intrinsic "llvm.roundeven"
// CHECK: llvm.call_intrinsic "llvm.copysign"(%{{.*}}, %arg1) : (f32, f32) -> f32
// CHECK: math.ctlz
// CHECK-NOT: math.{{[^c]}}
gpu.module @kernels {
  gpu.func @known(%x: f32, %y: f32, %n: i32, %out: memref<f32>, %count: memref<i32>) kernel {
    %a = math.fma %x, %y, %x : f32
    %b = math.sqrt %a : f32
    %c = math.absf %b : f32
    %d = math.floor %c : f32
    %e = math.ceil %d : f32
    %f = math.trunc %e : f32
    %g = math.roundeven %f : f32
    %h = math.copysign %g, %y : f32
    %i = math.ctlz %n : i32
    memref.store %h, %out[] : memref<f32>
    memref.store %i, %count[] : memref<i32>
    gpu.return
  }
}

// -----

gpu.module @kernels {
  gpu.func @unknown(%x: f32, %out: memref<f32>) kernel {
    // expected-error @+1 {{'math.exp' is no instruction of a GPU; --nn-expand-math makes it of others}}
    %a = math.exp %x : f32
    memref.store %a, %out[] : memref<f32>
    gpu.return
  }
}
