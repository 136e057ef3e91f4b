// What is wrong only once the batch size is known is said of the layer, not of what it is lowered to.
// RUN: not nnc-opt %s --phase=linalg --batch=3 --entries=gradient 2>&1 | FileCheck %s --implicit-check-not=linalg.

// CHECK: error: 'nn.global_average_pooling_1d' op got a mask of type 'tensor<5x64xi32>' for an input of type 'tensor<3x64x32xf32>', takes integers [batch, time]
nn.model @m(%x: tensor<?x64x32xf32>) -> tensor<?x2xf32> {
  %mask = arith.constant dense<1> : tensor<5x64xi32>
  %h = nn.global_average_pooling_1d %x mask(%mask)
  %y = nn.dense %h {units = 2}
  nn.return %y
}
nn.step @fit(%x: tensor<?x64x32xf32>, %goal: tensor<?x2xf32>) {
  %y = nn.call @m(%x) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@m] with #nn.sgd
}
