// Recurrent layers that no block can keep on chip, with products of tf32 and bf16: the output of the step before comes by
// asynchronous copies, and warps multiply what is there.
// RUN: nnc-opt %s --target=cuda --phase=tiled --batch=32 --entries=train --gpu-blocks=16 --matmul-precision=tf32 \
// RUN:   | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: nnc-opt %s --target=cuda --phase=tiled --batch=32 --entries=train --gpu-blocks=16 --matmul-precision=bf16 \
// RUN:   | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: nnc-opt %s --target=cuda --phase=tiled --batch=8 --entries=train --gpu-blocks=16 --matmul-precision=tf32 \
// RUN:   | FileCheck %s --check-prefix=FEW

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

// Two blocks of sixteen rows are parted in eight: a block has 80 columns of the kernel. Warps with other terms of the same
// rectangle hand over their sums, and one adds them.
// CHECK-LABEL: func.func @fit.train
// CHECK: gpu.barrier {nn.grid}
// CHECK: nvgpu.device_async_copy
// CHECK: nvgpu.device_async_wait
// TF32: vector.load {{.*}}, vector<1xf32>
// TF32: nvvm.convert.float.to.tf32
// TF32: nvgpu.mma.sync(%{{.*}}) {mmaShape = [16, 8, 8], tf32Enabled}
// BF16: vector.load {{.*}}, vector<2xf32>
// BF16: arith.truncf {{.*}} : vector<2xf32> to vector<2xbf16>
// BF16: nvgpu.mma.sync(%{{.*}}) {mmaShape = [16, 8, 16]}
// CHECK: gpu.barrier
// CHECK: nn.cooperative
// All five time steps of 32 rows, 160 terms and 640 columns.
// CHECK-SAME: tensor_flops = 32768000 : i64
// CHECK: gpu.barrier {nn.grid}
// CHECK: nvgpu.mma.sync
// CHECK: nn.cooperative

// Four rows would leave three quarters of an instruction empty.
// FEW: gpu.barrier {nn.grid}
// FEW: math.fma
// FEW: nn.cooperative
