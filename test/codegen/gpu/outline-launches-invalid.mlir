// RUN: nnc-opt %s --nn-outline-launches --split-input-file --verify-diagnostics

// expected-error @+1 {{does not take the arena alone; --nn-plan-arena makes it so}}
func.func @f.predict(%x: memref<4xf32>) attributes {nn.entry = "predict", nn.device = "cuda"} {
  return
}

// -----

func.func @f.predict(%arena: memref<?xi8>) attributes {nn.entry = "predict", nn.device = "cuda"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %none = arith.constant 0 : i32
  %x = memref.view %arena[%c0][] : memref<?xi8> to memref<f32>
  %v = memref.load %x[] : memref<f32>
  // expected-error @+1 {{takes a value that no kernel can get}}
  gpu.launch blocks(%b, %by, %bz) in (%g = %c1, %gy = %c1, %gz = %c1)
      threads(%t, %ty, %tz) in (%s = %c1, %sy = %c1, %sz = %c1) dynamic_shared_memory_size %none {
    memref.store %v, %x[] : memref<f32>
    gpu.terminator
  }
  return
}
