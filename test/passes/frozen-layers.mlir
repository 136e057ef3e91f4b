// What a frozen layer costs: its forward pass. There is no gradient of its parameters, none at all below the lowest
// trainable layer, and the optimiser keeps nothing for it.
// RUN: nnc-opt %s --phase=grad --batch=8 --entries=train > %t.grad
// RUN: grep 'nn.variable @' %t.grad | grep 'role = slot' | FileCheck %s --check-prefix=SLOTS --implicit-check-not=@m.low --implicit-check-not=@m.middle
// RUN: grep 'linalg.*nn.adjoint' %t.grad | FileCheck %s --check-prefix=ADJOINT
// RUN: FileCheck %s --check-prefix=LOWEST < %t.grad
// RUN: nnc-opt %s --nn-report | FileCheck %s --check-prefix=REPORT

// SLOTS: @m.trained.kernel.m
// SLOTS: @m.trained.kernel.v
// SLOTS: @m.top.kernel.m

// All products and sums of the backward pass: the gradient goes through the middle layer, without one of its kernel
// (7x9) or bias (9), and ends at the kernel and the bias of the layer above the lowest, without one of what that makes
// (8x6), of its kernel (5x6) or its bias (6).
// ADJOINT-NOT: "reduction"
// ADJOINT: ["reduction", "parallel"]{{.*}} outs(%{{.*}} : tensor<4xf32>)
// ADJOINT-NOT: "reduction"
// ADJOINT: ["parallel", "reduction", "parallel"]{{.*}} outs(%{{.*}} : tensor<8x9xf32>)
// ADJOINT-NOT: "reduction"
// ADJOINT: ["reduction", "parallel", "parallel"]{{.*}} outs(%{{.*}} : tensor<9x4xf32>)

// A layer that is not differentiated is not lowered for it either.
// LOWEST: nn.dense {{.*}}name = low
// LOWEST-NOT: nn.dense

// REPORT: low (dense) (None, 6) 36
// REPORT: middle (dense) (None, 9) 72
// REPORT: Total params: 197
// REPORT-NEXT: Trainable params: 89
// REPORT-NEXT: Frozen params: 108
nn.model @m(%x: tensor<?x5xf32>) -> tensor<?x4xf32> {
  %0 = nn.dense %x {units = 6, name = "low", trainable = false}
  %1 = nn.dense %0 {units = 7, name = "trained", activation = relu}
  %2 = nn.dense %1 {units = 9, name = "middle", trainable = false}
  %3 = nn.dense %2 {units = 4, name = "top"}
  nn.return %3
}
nn.step @fit(%x: tensor<?x5xf32>, %y: tensor<?x4xf32>) {
  %p = nn.call @m(%x) : tensor<?x4xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.adam
}
