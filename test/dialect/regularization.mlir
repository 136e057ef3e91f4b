// Dropout: masks and factors that follow from the key and the element's place in its sample.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @m
// CHECK: nn.dropout %x {rate = 5.000000e-01}
nn.model @m(%x: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  %y = nn.dropout %x {rate = 0.5}
  nn.return %y
}

// The counter is (feature, sample, step, stream); a quarter of all words is below 2^30.
// CHECK-LABEL: func.func @keyed
// CHECK: nn.dropout %arg0 key(%arg1, %arg2) {rate = 2.500000e-01, stream = 7}
// LOWER-LABEL: func.func @keyed
// LOWER-DAG: %[[STREAM:.*]] = arith.constant 7 : i64
// LOWER-DAG: %[[WIDTH:.*]] = arith.constant 4 : i64
// LOWER-DAG: %[[LIMIT:.*]] = arith.constant 1073741824 : i32
// LOWER-DAG: %[[SCALE:.*]] = arith.constant 1.33333337 : f32
// LOWER: ^bb0(%[[X:.*]]: f32, %[[SEED:.*]]: i64, %[[STEP:.*]]: i64
// LOWER: %[[I:.*]] = linalg.index 0
// LOWER: %[[SAMPLE:.*]] = arith.index_cast %[[I]]
// LOWER: linalg.index 1
// LOWER: linalg.index 2
// LOWER: arith.muli %{{.*}}, %[[WIDTH]]
// LOWER: %[[FEATURE:.*]] = arith.addi
// LOWER: %[[WORD:.*]], %{{.*}}, %{{.*}}, %{{.*}} = nn.philox %[[SEED]], [%[[FEATURE]], %[[SAMPLE]], %[[STEP]], %[[STREAM]]]
// LOWER: %[[KEPT:.*]] = arith.cmpi uge, %[[WORD]], %[[LIMIT]]
// LOWER: %[[SCALED:.*]] = arith.mulf %[[X]], %[[SCALE]]
// LOWER: arith.select %[[KEPT]], %[[SCALED]]
func.func @keyed(%x: tensor<2x3x4xf32>, %seed: tensor<i64>, %step: tensor<i64>) -> tensor<2x3x4xf32> {
  %y = nn.dropout %x key(%seed, %step) {rate = 0.25, stream = 7}
  return %y : tensor<2x3x4xf32>
}

// LOWER-LABEL: func.func @zero
// LOWER-NEXT: return %arg0
func.func @zero(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %y = nn.dropout %x {rate = 0}
  return %y : tensor<2x3xf32>
}

// Of a feature over all of time: the counter's place is the feature alone.
// CHECK-LABEL: func.func @spatial
// CHECK: nn.spatial_dropout_1d %arg0 key(%arg1, %arg2) {rate = 2.500000e-01, stream = 7}
// LOWER-LABEL: func.func @spatial
// LOWER: ^bb0(%[[X:.*]]: f32, %[[SEED:.*]]: i64, %[[STEP:.*]]: i64
// LOWER: %[[I:.*]] = linalg.index 0
// LOWER: %[[SAMPLE:.*]] = arith.index_cast %[[I]]
// LOWER: %[[J:.*]] = linalg.index 2
// LOWER: %[[FEATURE:.*]] = arith.index_cast %[[J]]
// LOWER: %[[WORD:.*]], %{{.*}}, %{{.*}}, %{{.*}} = nn.philox %[[SEED]], [%[[FEATURE]], %[[SAMPLE]], %[[STEP]], %{{.*}}]
// LOWER: %[[KEPT:.*]] = arith.cmpi uge, %[[WORD]]
// LOWER: arith.select %[[KEPT]]
func.func @spatial(%x: tensor<2x3x4xf32>, %seed: tensor<i64>, %step: tensor<i64>) -> tensor<2x3x4xf32> {
  %y = nn.spatial_dropout_1d %x key(%seed, %step) {rate = 0.25, stream = 7}
  return %y : tensor<2x3x4xf32>
}

// sqrt(0.2 / 0.8) is a half.
// CHECK-LABEL: func.func @gaussian
// CHECK: nn.gaussian_dropout %arg0 key(%arg1, %arg2) {rate = 2.000000e-01}
// LOWER-LABEL: func.func @gaussian
// LOWER-DAG: %[[STDDEV:.*]] = arith.constant 5.000000e-01 : f32
// LOWER-DAG: %[[ONE:.*]] = arith.constant 1.000000e+00 : f32
// LOWER: nn.philox
// LOWER: math.log
// LOWER: math.sqrt
// LOWER: math.cos
// LOWER: %[[SPREAD:.*]] = arith.mulf %{{.*}}, %[[STDDEV]]
// LOWER: %[[FACTOR:.*]] = arith.addf %[[SPREAD]], %[[ONE]]
// LOWER: arith.mulf %{{.*}}, %[[FACTOR]]
func.func @gaussian(%x: tensor<2x3xf32>, %seed: tensor<i64>, %step: tensor<i64>) -> tensor<2x3xf32> {
  %y = nn.gaussian_dropout %x key(%seed, %step) {rate = 0.2}
  return %y : tensor<2x3xf32>
}
