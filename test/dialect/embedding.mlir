// The embedding layer: rows of its table.
// RUN: nnc-opt %s | nnc-opt | FileCheck %s
// RUN: nnc-opt %s --nn-lower-layers | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: nn.model @words
// CHECK: nn.embedding %tokens {dim = 8, name = words, vocab = 100}
nn.model @words(%tokens: tensor<?x6xi32>) -> tensor<?x6x8xf32> {
  %e = nn.embedding %tokens {vocab = 100, dim = 8, name = words}
  nn.return %e
}

// CHECK-LABEL: nn.model @many_words
// CHECK: nn.embedding %tokens {dim = 8, lazy, vocab = 1000000}
nn.model @many_words(%tokens: tensor<?x6xi64>) -> tensor<?x6x8xf32> {
  %e = nn.embedding %tokens {vocab = 1000000, dim = 8, lazy}
  nn.return %e
}

// Whatever the index, nothing outside the table is read.
// CHECK-LABEL: func.func @rows
// CHECK: nn.embedding %arg0 params(%arg1) {dim = 8, vocab = 100}
// LOWER-LABEL: func.func @rows
// LOWER: linalg.generic
// LOWER: ^bb0(%[[ID:.*]]: i32
// LOWER: %[[LAST:.*]] = arith.constant 99 : i32
// LOWER: %[[SAFE:.*]] = arith.minui %[[ID]], %[[LAST]]
// LOWER: %[[ROW:.*]] = arith.index_cast %[[SAFE]]
// LOWER: %[[COLUMN:.*]] = linalg.index 2
// LOWER: tensor.extract %arg1[%[[ROW]], %[[COLUMN]]]
func.func @rows(%tokens: tensor<4x6xi32>, %table: tensor<100x8xf64>) -> tensor<4x6x8xf64> {
  %e = nn.embedding %tokens params(%table) {vocab = 100, dim = 8}
  return %e : tensor<4x6x8xf64>
}
