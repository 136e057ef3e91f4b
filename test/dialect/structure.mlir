// The end of a step may be written, and is left out again.
// RUN: nnc-opt %s | FileCheck %s

nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3}
  nn.return %y
}
// CHECK-LABEL: nn.step @fit
// CHECK: nn.minimize
// CHECK-NOT: nn.end
nn.step @fit(%x: tensor<?x4xf32>, %t: tensor<?x3xf32>) {
  %y = nn.call @m(%x) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %y, %t
  nn.minimize %loss over [@m] with #nn.sgd
  nn.end
}
