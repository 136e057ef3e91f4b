// RUN: nnc-opt --nn-fold-transposes --split-input-file %s | FileCheck %s

// What reads a transposed tensor reads the original in another order.
// CHECK: #[[SWAPPED:.*]] = affine_map<(d0, d1) -> (d1, d0)>
// CHECK-LABEL: func.func @reader(
// CHECK-SAME: %[[X:.*]]: tensor<4x3xf32>
// CHECK-NOT: linalg.transpose
// CHECK: linalg.generic {indexing_maps = [#[[SWAPPED]], #{{.*}}], {{.*}}} ins(%[[X]] : tensor<4x3xf32>)
#id = affine_map<(i, j) -> (i, j)>
func.func @reader(%x: tensor<4x3xf32>) -> tensor<3x4xf32> {
  %e = tensor.empty() : tensor<3x4xf32>
  %t = linalg.transpose ins(%x : tensor<4x3xf32>) outs(%e : tensor<3x4xf32>) permutation = [1, 0]
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%t : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) {
    ^bb0(%a: f32, %out: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
  } -> tensor<3x4xf32>
  return %r : tensor<3x4xf32>
}

// -----

// An element of a transposed tensor is one of the original.
// CHECK-LABEL: func.func @element(
// CHECK-SAME: %[[X:.*]]: tensor<4x3x8xf32>, %[[I:.*]]: index, %[[J:.*]]: index, %[[K:.*]]: index)
// CHECK-NOT: linalg.transpose
// CHECK: tensor.extract %[[X]][%[[J]], %[[I]], %[[K]]]
func.func @element(%x: tensor<4x3x8xf32>, %i: index, %j: index, %k: index) -> f32 {
  %e = tensor.empty() : tensor<3x4x8xf32>
  %t = linalg.transpose ins(%x : tensor<4x3x8xf32>) outs(%e : tensor<3x4x8xf32>) permutation = [1, 0, 2]
  %v = tensor.extract %t[%i, %j, %k] : tensor<3x4x8xf32>
  return %v : f32
}

// -----

// What is transposed wherever it is read is produced so; what is also read as it is, is not.
// CHECK: #[[SWAPPED:.*]] = affine_map<(d0, d1, d2) -> (d1, d0, d2)>
// CHECK-LABEL: func.func @producer(
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[SWAPPED]]]{{.*}} outs(%{{.*}} : tensor<3x4x8xf32>)
// CHECK-NOT: linalg.transpose
// CHECK-LABEL: func.func @producer_of_both(
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x3x8xf32>)
// CHECK: linalg.transpose
#id3 = affine_map<(i, j, k) -> (i, j, k)>
func.func @producer(%x: tensor<4x3x8xf32>) -> tensor<3x4x8xf32> {
  %e = tensor.empty() : tensor<4x3x8xf32>
  %r = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<4x3x8xf32>) outs(%e : tensor<4x3x8xf32>) {
    ^bb0(%a: f32, %out: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
  } -> tensor<4x3x8xf32>
  %e1 = tensor.empty() : tensor<3x4x8xf32>
  %t = linalg.transpose ins(%r : tensor<4x3x8xf32>) outs(%e1 : tensor<3x4x8xf32>) permutation = [1, 0, 2]
  return %t : tensor<3x4x8xf32>
}
func.func @producer_of_both(%x: tensor<4x3x8xf32>) -> (tensor<4x3x8xf32>, tensor<3x4x8xf32>) {
  %e = tensor.empty() : tensor<4x3x8xf32>
  %r = linalg.generic {indexing_maps = [#id3, #id3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x : tensor<4x3x8xf32>) outs(%e : tensor<4x3x8xf32>) {
    ^bb0(%a: f32, %out: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
  } -> tensor<4x3x8xf32>
  %e1 = tensor.empty() : tensor<3x4x8xf32>
  %t = linalg.transpose ins(%r : tensor<4x3x8xf32>) outs(%e1 : tensor<3x4x8xf32>) permutation = [1, 0, 2]
  return %r, %t : tensor<4x3x8xf32>, tensor<3x4x8xf32>
}
