// RUN: nnc-opt %s --nn-map-to-gpu --split-input-file --verify-diagnostics

func.func @dynamic(%x: memref<?xf32>, %y: memref<?xf32>) attributes {nn.entry = "predict"} {
  // expected-error @+1 {{has a shape that is not known before it runs; kernels are made for known ones}}
  linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : memref<?xf32>) outs(%y : memref<?xf32>) {
    ^bb0(%a: f32, %o: f32):
      linalg.yield %a : f32
  }
  return
}

// -----

func.func @bounds(%y: memref<4x4xf32>, %p: memref<index>) attributes {nn.entry = "predict"} {
  %z = arith.constant 0.0 : f32
  %n = memref.load %p[] : memref<index>
  // expected-error @+1 {{is a parallel loop without constant bounds}}
  scf.forall (%i) in (%n) {
    memref.store %z, %y[%i, %i] : memref<4x4xf32>
  }
  return
}

// -----

func.func private @g()
func.func @call() attributes {nn.entry = "predict"} {
  // expected-error @+1 {{'func.call' has no form for blocks of threads}}
  call @g() : () -> ()
  return
}

// -----

func.func @vector(%p: memref<8xf32>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{'vector.load' has no form for blocks of threads}}
  %v = vector.load %p[%c0] : memref<8xf32>, vector<8xf32>
  vector.store %v, %p[%c0] : memref<8xf32>, vector<8xf32>
  return
}

// -----

func.func @turns(%y: memref<8xf32>) attributes {nn.entry = "predict"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.for %i = %c0 to %c8 step %c1 {
    // expected-error @+1 {{allocates in a loop of independent turns, whose threads have no memory of their own}}
    %t = memref.alloc() : memref<f32>
    %v = memref.load %t[] : memref<f32>
    memref.store %v, %y[%i] : memref<8xf32>
  } {nn.independent_turns = 8 : i64}
  return
}
