// Masks of sequences: shapes, lowerings, refusals.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-lower-layers | FileCheck %s

// CHECK-LABEL: func.func @padding
// CHECK: ^bb0(%[[TOKEN:.*]]: i32, %{{.*}}: i32):
// CHECK: %[[IS:.*]] = arith.cmpi ne, %[[TOKEN]], %c7_i32
// CHECK: arith.select %[[IS]], %c1_i32, %c0_i32
func.func @padding(%tokens: tensor<4x6xi32>) -> tensor<4x6xi32> {
  %mask = nn.padding_mask %tokens {padding = 7}
  return %mask : tensor<4x6xi32>
}

// -----

// CHECK-LABEL: func.func @lengths
// CHECK: ^bb0(%[[LENGTH:.*]]: i64, %{{.*}}: i64):
// CHECK: %[[STEP:.*]] = linalg.index 1
// CHECK: %[[TIME:.*]] = arith.index_cast %[[STEP]]
// CHECK: arith.cmpi slt, %[[TIME]], %[[LENGTH]]
func.func @lengths(%lengths: tensor<4xi64>) -> tensor<4x6xi64> {
  %mask = nn.sequence_mask %lengths {maxlen = 6}
  return %mask : tensor<4x6xi64>
}

// -----

nn.model @flat(%tokens: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error @+1 {{'nn.padding_mask': got 'tensor<?xi32>', takes a tensor of rank 2}}
  %mask = nn.padding_mask %tokens
  nn.return %mask
}

// -----

nn.model @no_length(%lengths: tensor<?xi32>) -> tensor<?x4xi32> {
  // expected-error @+1 {{'nn.sequence_mask': got maxlen = 0, takes a positive whole number}}
  %mask = nn.sequence_mask %lengths {maxlen = 0}
  nn.return %mask
}
