// RUN: nnc-opt %s --pass-pipeline='builtin.module(gpu.module(nn-lower-mma))' | FileCheck %s

// Two elements a register; what upstream has a form for is left to it.
// CHECK-LABEL: gpu.func @products
// CHECK: %[[PAIR:.*]] = vector.extract %arg0[0] : vector<2xbf16> from vector<4x2xbf16>
// CHECK: vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xi32>
// CHECK: nvvm.mma.sync A[{{%.*, %.*, %.*, %.*}}] B[{{%.*, %.*}}] C[{{%.*, %.*, %.*, %.*}}]
// CHECK-SAME: multiplicandAPtxType = #nvvm.mma_type<bf16>{{.*}}#nvvm.shape<m = 16, n = 8, k = 16>
// CHECK: nvvm.mma.sync {{.*}}#nvvm.shape<m = 16, n = 8, k = 8>
// CHECK: nvgpu.mma.sync{{.*}}tf32Enabled
gpu.module @kernels {
  gpu.func @products(%a: vector<4x2xbf16>, %b: vector<2x2xbf16>, %c: vector<2x2xf32>, %short_a: vector<2x2xbf16>,
                     %short_b: vector<1x2xbf16>, %x: vector<4x1xf32>, %y: vector<2x1xf32>, %out: memref<2x2xf32>) kernel {
    %d = nvgpu.mma.sync(%a, %b, %c) {mmaShape = [16, 8, 16]}
        : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %e = nvgpu.mma.sync(%short_a, %short_b, %d) {mmaShape = [16, 8, 8]}
        : (vector<2x2xbf16>, vector<1x2xbf16>, vector<2x2xf32>) -> vector<2x2xf32>
    %f = nvgpu.mma.sync(%x, %y, %e) {mmaShape = [16, 8, 8], tf32Enabled}
        : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>) -> vector<2x2xf32>
    %zero = arith.constant 0 : index
    %r = vector.extract %f[1, 1] : f32 from vector<2x2xf32>
    memref.store %r, %out[%zero, %zero] : memref<2x2xf32>
    gpu.return
  }
}
