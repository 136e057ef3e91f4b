// Products on tensor cores: which tiles they are cut into, how factors come to shared memory, what a warp multiplies.
// RUN: nnc-opt %s --split-input-file --nn-map-to-gpu=matmul-precision=tf32 | FileCheck %s --check-prefixes=CHECK,TF32
// RUN: nnc-opt %s --split-input-file --nn-map-to-gpu=matmul-precision=bf16 | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: nnc-opt %s --split-input-file --nn-map-to-gpu | FileCheck %s --check-prefix=F32
// RUN: not nnc-opt %s --split-input-file --nn-map-to-gpu=matmul-precision=f16 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: matmul-precision is f32, tf32 or bf16, not 'f16'

// Rows of a lie along the sum, those of b across it: both come in vectors of four, rounded on the way, and stay in that
// order. A row has four words more than a stage's, a word eight rows more than the tile's.
// CHECK-LABEL: func.func @forward
// CHECK-SAME: nn.matmul_precision = "{{tf32|bf16}}"
// TF32-DAG: memref.view {{.*}} to memref<2x32x68xf32, #gpu.address_space<workgroup>>
// TF32-DAG: memref.view {{.*}} to memref<2x64x40xf32, #gpu.address_space<workgroup>>
// BF16-DAG: memref.view {{.*}} to memref<2x32x72xbf16, #gpu.address_space<workgroup>>
// BF16-DAG: memref.view {{.*}} to memref<2x32x80xbf16, #gpu.address_space<workgroup>>
// CHECK: vector.load %arg0{{.*}} : memref<96x256xf32>, vector<4xf32>
// TF32: nvvm.convert.float.to.tf32 {{.*}} {rnd = #nvvm.fp_rnd_mode<rna>}
// BF16: arith.truncf {{.*}} : vector<8xf32> to vector<8xbf16>
// CHECK: vector.load %arg1{{.*}} : memref<256x64xf32>, vector<4xf32>
// TF32: vector.store {{.*}} {alignment = 16 : i64} : memref<2x32x68xf32>, vector<4xf32>
// BF16: vector.store {{.*}} {alignment = 16 : i64} : memref<2x32x72xbf16>, vector<8xbf16>
// CHECK: gpu.barrier
// TF32: nvgpu.mma.sync(%{{.*}}) {mmaShape = [16, 8, 8], tf32Enabled} : (vector<4x1xf32>, vector<2x1xf32>, vector<2x2xf32>)
// BF16: nvgpu.mma.sync(%{{.*}}) {mmaShape = [16, 8, 16]} : (vector<4x2xbf16>, vector<2x2xbf16>, vector<2x2xf32>)
// CHECK: nn.parts = [{bytes = {{[0-9]+}} : i64, flops = 3145728 : i64, {{.*}}tensor_flops = 3145728 : i64}]
// F32-LABEL: func.func @forward
// F32-NOT: mma.sync
// F32-NOT: tensor_flops
func.func @forward(%a: memref<96x256xf32>, %b: memref<256x64xf32>, %c: memref<96x64xf32>)
    attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x256xf32>, memref<256x64xf32>) outs(%c : memref<96x64xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %n = arith.addf %s, %p : f32
      linalg.yield %n : f32
  }
  return
}

// -----

// Rows that begin anywhere are read element by element; terms beyond the last are zero.
// CHECK-LABEL: func.func @odd
// CHECK-NOT: vector.load %arg0
// CHECK: memref.load %arg0{{.*}} : memref<96x257xf32>
// CHECK: arith.select {{.*}} : f32
// CHECK: mma.sync
func.func @odd(%a: memref<96x257xf32>, %b: memref<257x64xf32>, %c: memref<96x64xf32>)
    attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<96x257xf32>, memref<257x64xf32>) outs(%c : memref<96x64xf32>) {
    ^bb0(%x: f32, %w: f32, %s: f32):
      %p = arith.mulf %x, %w : f32
      %n = arith.addf %s, %p : f32
      linalg.yield %n : f32
  }
  return
}

// -----

// f64 is multiplied as it is.
// CHECK-LABEL: func.func @double
// CHECK-NOT: mma.sync
// CHECK: math.fma {{.*}} : f64
// CHECK: return
func.func @double(%a: memref<64x64xf64>, %b: memref<64x64xf64>, %c: memref<64x64xf64>)
    attributes {nn.entry = "predict"} {
  linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                   affine_map<(m, n, k) -> (m, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : memref<64x64xf64>, memref<64x64xf64>) outs(%c : memref<64x64xf64>) {
    ^bb0(%x: f64, %w: f64, %s: f64):
      %p = arith.mulf %x, %w : f64
      %n = arith.addf %s, %p : f64
      linalg.yield %n : f64
  }
  return
}
