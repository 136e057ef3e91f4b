// Every function is bufferized in place; constants become globals of the module.
// RUN: nnc-opt %s --nn-bufferize | FileCheck %s
// RUN: nnc-opt %s --nn-bufferize --mlir-disable-threading | FileCheck %s

// CHECK: memref.global "private" constant @[[GLOBAL:.*]] : memref<2xf32> = dense<[1.000000e+00, 2.000000e+00]>

// CHECK-LABEL: func.func @scale(
// CHECK-SAME: %[[X:.*]]: memref<4xf32>, %[[FACTOR:.*]]: f32)
// CHECK-NOT: memref.alloc
// CHECK: linalg.generic {{.*}} outs(%[[X]] : memref<4xf32>)
func.func @scale(%x: memref<4xf32>, %factor: f32) {
  %t = bufferization.to_tensor %x restrict writable : memref<4xf32> to tensor<4xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(d0) -> (d0)>], iterator_types = ["parallel"]}
      outs(%t : tensor<4xf32>) {
  ^bb0(%e: f32):
    %p = arith.mulf %e, %factor : f32
    linalg.yield %p : f32
  } -> tensor<4xf32>
  bufferization.materialize_in_destination %y in restrict writable %x : (tensor<4xf32>, memref<4xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @constant(
// CHECK-SAME: %[[OUT:.*]]: memref<2xf32>)
// CHECK: %[[VALUE:.*]] = memref.get_global @[[GLOBAL]]
// CHECK: memref.copy %[[VALUE]], %[[OUT]]
func.func @constant(%out: memref<2xf32>) {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  bufferization.materialize_in_destination %c in restrict writable %out : (tensor<2xf32>, memref<2xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @same_constant(
// CHECK: memref.get_global @[[GLOBAL]]
func.func @same_constant(%out: memref<2xf32>) {
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  bufferization.materialize_in_destination %c in restrict writable %out : (tensor<2xf32>, memref<2xf32>) -> ()
  return
}
