// RUN: nnc-opt %s --nn-report | FileCheck %s
// RUN: not nnc-opt %S/Inputs/report-large.mlir --nn-report 2>&1 | FileCheck %s --check-prefix=LARGE

// A parameter that two calls share is counted once; depth goes along the longest path.
// CHECK-LABEL: Model: "encoder"
// CHECK: dense (dense) (None, 8) 40 32 1
// CHECK: relu (relu) (None, 8) 0 0 1
// CHECK: Total params: 40 (160.00 B)
// CHECK-LABEL: Model: "siamese"
// CHECK: encoder (model) (None, 8) 40
// CHECK: encoder (model) (None, 8) shared 40
// CHECK: head (dense)
// CHECK: Total params: 49 (196.00 B)
// CHECK: Trainable params: 40
// CHECK: Frozen params: 9
// CHECK: Multiply-adds per sample, forward: 72
// CHECK: Depth: 2 layers with weights on the longest path of 4 layers
nn.model @encoder(%x: tensor<?x4xf32>) -> tensor<?x8xf32> {
  %y = nn.dense %x {units = 8}
  %z = nn.relu %y
  nn.return %z
}
nn.model @siamese(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>) -> tensor<?x1xf32> {
  %u = nn.call @encoder(%a) : tensor<?x8xf32>
  %v = nn.call @encoder(%b) : tensor<?x8xf32>
  %w = arith.addf %u, %v : tensor<?x8xf32>
  %t = nn.relu %w
  %y = nn.dense %t {units = 1, name = "head", trainable = false}
  nn.return %y
}
// LARGE: model @vast is too large: its counts do not fit 64 bits
