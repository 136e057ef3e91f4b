// Recurrent layers that no block can keep on chip: their launches, of no more blocks than --gpu-blocks.
// RUN: nnc-opt %s --target=cuda --phase=tiled --batch=8 --entries=train --gpu-blocks=16 | FileCheck %s
// RUN: nnc-opt %s --target=cuda --batch=8 --entries=train --gpu-blocks=16 --nn-plan | FileCheck %s --check-prefix=PLAN
// RUN: nnc-opt %s --target=cuda --phase=tiled --batch=8 --entries=train --gpu-blocks=3 | FileCheck %s --check-prefix=FEW
// RUN: not nnc-opt %s --target=cuda --phase=tiled --gpu-blocks=0 2>&1 | FileCheck %s --check-prefix=NONE

// RUN: sed 's/units = 160/units = 163/' %s | nnc-opt --target=cuda --phase=tiled --batch=8 --entries=train --gpu-blocks=16 \
// RUN:   | FileCheck %s --check-prefix=PRIME

nn.model @m(%x: tensor<?x5x16xf32>) -> tensor<?x3xf32> {
  %h = nn.lstm %x {units = 160}
  %y = nn.dense %h {units = 3}
  nn.return %y
}
nn.step @fit(%x: tensor<?x5x16xf32>, %t: tensor<?x3xf32>) {
  %y = nn.call @m(%x) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %y, %t
  nn.minimize %loss over [@m] with #nn.sgd<lr = 0.1>
}

// The kernel's 400 KiB take eight blocks, so that two blocks of four rows are parted in eight of 20 units each. A block
// has 80 columns of the kernel, the terms of each side by side and rows apart by four banks.
// CHECK-LABEL: func.func @fit.train
// CHECK: gpu.launch blocks(%{{[^,]*}},{{.*}} in (%{{[^ ]*}} = %c16
// CHECK: to memref<80x164xf32, #gpu.address_space<workgroup>>
// Forward, in each time step: the output's units go to where all see them, in one of two places.
// CHECK: scf.for
// CHECK: %[[PLACE:.*]] = arith.remui %{{.*}}, %c2
// CHECK: memref.subview %{{.*}}[%[[PLACE]], 0, 0] [1, 4, 160]
// CHECK: gpu.barrier {nn.grid}
// All of them come back by asynchronous copies, while a thread adds the terms that are there.
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_wait
// CHECK: math.fma
// CHECK: nn.cooperative
// Backward, the gates' gradients.
// CHECK: memref.subview %{{.*}}[%{{.*}}, 0, 0] [1, 4, 640]
// CHECK: gpu.barrier {nn.grid}
// CHECK: nn.cooperative

// PLAN: fit_train_m_lstm_forward_1 {{[0-9]+ +}}16 {{ *}}512
// PLAN: fit_train_m_lstm_backward_0 {{[0-9]+ +}}16 {{ *}}512

// Of three blocks two have half of the rows each, and none is left to share them with.
// FEW: gpu.launch blocks(%{{[^,]*}},{{.*}} in (%{{[^ ]*}} = %c2
// FEW-NOT: nn.cooperative

// Units that no number of blocks can have equally many of: a block a row, as where a block keeps the kernel.
// PRIME: gpu.launch blocks(%{{[^,]*}},{{.*}} in (%{{[^ ]*}} = %c8
// PRIME-NOT: nn.cooperative

// NONE: error: --gpu-blocks takes at least 1 block, not 0
