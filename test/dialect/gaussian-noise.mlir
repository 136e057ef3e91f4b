// Gaussian noise: numbers that follow from the key and the element's place in its sample.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @m
// CHECK: nn.gaussian_noise %x {name = noise, stddev = 1}
nn.model @m(%x: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  %y = nn.gaussian_noise %x {stddev = 1, name = noise}
  nn.return %y
}

// CHECK-LABEL: func.func @keyed
// CHECK: nn.gaussian_noise %arg0 key(%arg1, %arg2) {stddev = 2.500000e-01, stream = 7}
// LOWER-LABEL: func.func @keyed
// LOWER-DAG: %[[STREAM:.*]] = arith.constant 7 : i64
// LOWER-DAG: %[[STDDEV:.*]] = arith.constant 2.500000e-01 : f32
// LOWER: ^bb0(%[[X:.*]]: f32, %[[SEED:.*]]: i64, %[[STEP:.*]]: i64
// LOWER: nn.philox %[[SEED]], [%{{.*}}, %{{.*}}, %[[STEP]], %[[STREAM]]]
// LOWER: math.log
// LOWER: math.sqrt
// LOWER: math.cos
// LOWER: %[[NOISE:.*]] = arith.mulf %{{.*}}, %[[STDDEV]]
// LOWER: arith.addf %[[X]], %[[NOISE]]
func.func @keyed(%x: tensor<2x3x4xf32>, %seed: tensor<i64>, %step: tensor<i64>) -> tensor<2x3x4xf32> {
  %y = nn.gaussian_noise %x key(%seed, %step) {stddev = 0.25, stream = 7}
  return %y : tensor<2x3x4xf32>
}

// LOWER-LABEL: func.func @zero
// LOWER-NEXT: return %arg0
func.func @zero(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.gaussian_noise %x {stddev = 0}
  return %y : tensor<2x3xf32>
}
