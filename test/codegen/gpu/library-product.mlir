// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-map-to-gpu{cublaslt=always},canonicalize))' | FileCheck %s
// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-map-to-gpu{cublaslt=auto},canonicalize))' \
// RUN:   | FileCheck %s --check-prefix=AUTO
// RUN: nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-map-to-gpu,canonicalize))' | FileCheck %s --check-prefix=NEVER
// RUN: not nnc-opt %s --pass-pipeline='builtin.module(func.func(nn-map-to-gpu{cublaslt=some}))' 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN
// NEVER-NOT: nn.library_product
// UNKNOWN: error: cublaslt is never, auto or always, not 'some'

#all = affine_map<(i, j) -> (i, j)>
#column = affine_map<(i, j) -> (j)>
#row = affine_map<(i, j) -> (i)>
#none = affine_map<(i, j) -> ()>
#a = affine_map<(i, j, k) -> (i, k)>
#b = affine_map<(i, j, k) -> (j, k)>
#c = affine_map<(i, j, k) -> (i, j)>

// Zeros before it, a bias and relu after it are the library's, which writes what the last of them does; its own code
// does the same. It is too small to be estimated faster.
// CHECK-LABEL: func @bias_relu
// CHECK: %[[WORKSPACE:.*]] = memref.alloc() {{.*}} : memref<33554624xi8>
// CHECK: gpu.launch
// CHECK: %[[A:.*]] = memref.reinterpret_cast %arg0 to offset: [0], sizes: [1, 256, 96], strides: [0, 96, 1]
// CHECK: %[[B:.*]] = memref.reinterpret_cast %arg1 to offset: [0], sizes: [1, 96, 64], strides: [0, 1, 96]
// CHECK: %[[D:.*]] = memref.reinterpret_cast %arg3 to offset: [0], sizes: [1, 256, 64], strides: [0, 64, 1]
// CHECK: nn.library_product %[[A]], %[[B]] into %[[D]] workspace %[[WORKSPACE]] bias(%{{.*}}) {relu}
// CHECK: arith.maximumf
// CHECK: vector.store %{{.*}}, %arg3
// CHECK-NOT: gpu.launch
// CHECK: return
// AUTO-LABEL: func @bias_relu
// AUTO-NOT: nn.library_product
func.func @bias_relu(%x: memref<256x96xf32>, %w: memref<64x96xf32>, %bias: memref<64xf32>, %y: memref<256x64xf32>)
    attributes {nn.entry = "predict"} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<256x64xf32>
  linalg.generic {indexing_maps = [#none, #all], iterator_types = ["parallel", "parallel"]}
      ins(%zero : f32) outs(%sum : memref<256x64xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<256x96xf32>, memref<64x96xf32>) outs(%sum : memref<256x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %n = arith.addf %o, %m : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #column, #all], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %bias : memref<256x64xf32>, memref<64xf32>) outs(%y : memref<256x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %n = arith.addf %a, %b : f32
      %r = arith.maximumf %n, %zero : f32
      linalg.yield %r : f32
  }
  return
}

// What the library has no form for, here a bias of the rows, is a launch of its own; a large product is left to it all
// the same.
// CHECK-LABEL: func @rows
// CHECK: gpu.launch
// CHECK: nn.library_product %{{.*}}, %{{.*}} into %{{.*}} workspace %{{.*}} :
// CHECK: gpu.launch
// CHECK: memref.load %arg2
// CHECK-NOT: gpu.launch
// CHECK: return
// AUTO-LABEL: func @rows
// AUTO: nn.library_product
func.func @rows(%x: memref<1024x2048xf32>, %w: memref<1024x2048xf32>, %bias: memref<1024xf32>,
                %y: memref<1024x1024xf32>) attributes {nn.entry = "predict"} {
  %zero = arith.constant 0.0 : f32
  %sum = memref.alloc() : memref<1024x1024xf32>
  linalg.generic {indexing_maps = [#none, #all], iterator_types = ["parallel", "parallel"]}
      ins(%zero : f32) outs(%sum : memref<1024x1024xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<1024x2048xf32>, memref<1024x2048xf32>) outs(%sum : memref<1024x1024xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %n = arith.addf %o, %m : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #row, #all], iterator_types = ["parallel", "parallel"]}
      ins(%sum, %bias : memref<1024x1024xf32>, memref<1024xf32>) outs(%y : memref<1024x1024xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %n = arith.addf %a, %b : f32
      linalg.yield %n : f32
  }
  return
}

// It reads the sum before relu too: the library writes the sum, to which it has been added.
// CHECK-LABEL: func @kept
// CHECK: gpu.launch
// CHECK: memref.reinterpret_cast %arg2
// CHECK: nn.library_product %{{.*}} {accumulate} :
// CHECK: gpu.launch
// CHECK: arith.maximumf
func.func @kept(%x: memref<256x96xf32>, %w: memref<64x96xf32>, %sum: memref<256x64xf32>, %y: memref<256x64xf32>)
    attributes {nn.entry = "predict"} {
  %zero = arith.constant 0.0 : f32
  linalg.generic {indexing_maps = [#a, #b, #c], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<256x96xf32>, memref<64x96xf32>) outs(%sum : memref<256x64xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %n = arith.addf %o, %m : f32
      linalg.yield %n : f32
  }
  linalg.generic {indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}
      ins(%sum : memref<256x64xf32>) outs(%y : memref<256x64xf32>) {
    ^bb0(%a: f32, %o: f32):
      %r = arith.maximumf %a, %zero : f32
      linalg.yield %r : f32
  }
  return
}
