// The update of the rows that look-ups have read.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers --canonicalize | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @momentum
// CHECK: nn.update_rows %{{.*}} with #nn.sgd<momentum = 0.9> rate %{{.*}} step %{{.*}} valid %{{.*}} others(%{{.*}}, %{{.*}}, %{{.*}}) {batched = array<i1: true>} : tensor<1000x8xf32>, f64, tensor<i64>, tensor<i64>, tensor<1000x8xf32>, tensor<4x6xi32>, tensor<4x6x8xf32>

// Padding counts as a row behind all others. 24 indices of 10 bits are sorted in two passes of 5.
// LOWER-LABEL: func.func @momentum(
// LOWER-SAME: %[[TABLE:[a-z0-9]+]]: tensor<1000x8xf32>, %[[M:[a-z0-9]+]]: tensor<1000x8xf32>
// LOWER: %[[LIST:.*]] = scf.for {{.*}} -> (tensor<24xi32>)
// LOWER: arith.minui %{{.*}}, %c999_i32 : i32
// LOWER: arith.cmpi slt
// LOWER: arith.select %{{.*}}, %{{.*}}, %c1000_i32 : i32
// LOWER: scf.for {{.*}} -> (tensor<33xi32>)
// LOWER: scf.for {{.*}} -> (i32, tensor<33xi32>)
// LOWER: scf.for {{.*}} -> (tensor<33xi32>, tensor<24xi32>, tensor<24xi32>)
// LOWER: scf.for {{.*}} -> (tensor<33xi32>)
// LOWER: arith.shrui %{{.*}}, %c5_i32
// LOWER: scf.for {{.*}} -> (i32, tensor<33xi32>)
// LOWER: %[[SORTED:.*]]:3 = scf.for {{.*}} -> (tensor<33xi32>, tensor<24xi32>, tensor<24xi32>)
// LOWER: %[[RUNS:.*]]:3 = scf.for {{.*}} -> (index, index, tensor<25xi32>)
// LOWER: arith.cmpi eq, %[[RUNS]]#0, %c1000
// LOWER: %[[COUNT:.*]] = arith.select
// LOWER: scf.for {{.*}} -> (i32, tensor<25xi32>)
// What depends on the step alone stands before the loop over rows.
// LOWER: %[[LR:.*]] = tensor.from_elements
// LOWER: scf.for %{{.*}} = %c0 to %[[COUNT]] step %c1 iter_args(%[[T:.*]] = %[[TABLE]], %[[S:.*]] = %[[M]])
// LOWER: %[[ROW:.*]] = tensor.extract_slice %[[T]][%[[AT:.*]], 0] [1, 8] [1, 1] : tensor<1000x8xf32> to tensor<8xf32>
// LOWER: tensor.extract_slice %[[S]][%[[AT]], 0]
// LOWER: linalg.generic
// LOWER: scf.for
// LOWER: arith.addf
// LOWER: linalg.generic
// LOWER: tensor.insert_slice %{{.*}} into %[[T]][%[[AT]], 0]
// LOWER: tensor.insert_slice %{{.*}} into %[[S]][%[[AT]], 0]
// LOWER: nn.independent_turns = 24 : i64
func.func @momentum(%table: tensor<1000x8xf32>, %m: tensor<1000x8xf32>, %ids: tensor<4x6xi32>,
                    %grad: tensor<4x6x8xf32>, %lr: f64, %t: tensor<i64>, %valid: tensor<i64>)
    -> (tensor<1000x8xf32>, tensor<1000x8xf32>) {
  %table1, %m1 = nn.update_rows %table with #nn.sgd<momentum = 0.9> rate %lr step %t valid %valid
      others(%m, %ids, %grad) {batched = array<i1: true>}
      : tensor<1000x8xf32>, f64, tensor<i64>, tensor<i64>, tensor<1000x8xf32>, tensor<4x6xi32>,
        tensor<4x6x8xf32>
  return %table1, %m1 : tensor<1000x8xf32>, tensor<1000x8xf32>
}

// Two look-ups: one sort, two sums, and of the one that is not batched every index counts.
// LOWER-LABEL: func.func @two
// LOWER: scf.for {{.*}} -> (tensor<7xi32>)
// LOWER: arith.cmpi slt
// LOWER: scf.for {{.*}} -> (tensor<7xi32>)
// LOWER-NOT: arith.cmpi slt
// LOWER: scf.for {{.*}} -> (index, index, tensor<15xi32>)
// LOWER: linalg.generic
// LOWER: scf.for
// LOWER: scf.for
// LOWER: nn.independent_turns = 5 : i64
func.func @two(%table: tensor<5x1xf64>, %a: tensor<2x2xi32>, %b: tensor<3xi64>, %da: tensor<2x2x1xf64>,
               %db: tensor<3x1xf64>, %lr: f64, %t: tensor<i64>, %valid: tensor<i64>) -> tensor<5x1xf64> {
  %updated = nn.update_rows %table with #nn.sgd rate %lr step %t valid %valid
      others(%a, %b, %da, %db) {batched = array<i1: true, false>}
      : tensor<5x1xf64>, f64, tensor<i64>, tensor<i64>, tensor<2x2xi32>, tensor<3xi64>, tensor<2x2x1xf64>,
        tensor<3x1xf64>
  return %updated : tensor<5x1xf64>
}
