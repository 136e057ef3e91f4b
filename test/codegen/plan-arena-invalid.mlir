// RUN: nnc-opt --nn-plan-arena --verify-diagnostics --split-input-file %s

// Each buffer can be counted, all of them together cannot.
// expected-error @below {{entry point 'fit.train' is too large: its buffers have more bytes together than can be counted}}
func.func @fit.train(%x: memref<4611686018427387904xi8> {nn.input = "x"},
                     %y: memref<4611686018427387904xi8> {nn.output = "y"}) attributes {nn.entry = "train"} {
  linalg.copy ins(%x : memref<4611686018427387904xi8>) outs(%y : memref<4611686018427387904xi8>)
  return
}

// -----

nn.variable @a : tensor<4611686018427387904xi8>
// expected-error @below {{'b' is too large: with the variables before it, it has more bytes than can be counted}}
nn.variable @b : tensor<4611686018427387904xi8>

// -----

// expected-error @below {{entry point 'fit.train' is too large: it needs 140737488355328 bytes of memory; a program takes at most 70368744177664}}
func.func @fit.train(%x: memref<140737488355328xi8> {nn.input = "x"}) attributes {nn.entry = "train"} {
  return
}

// -----

func.func @m.predict(%x: memref<4xf32> {nn.output = "x"}, %n: memref<index> {nn.input = "n"}) attributes {nn.entry = "predict"} {
  %v = memref.load %n[] : memref<index>
  %a = memref.alloc(%v) : memref<?xf32>
  call @k(%a) : (memref<?xf32>) -> ()
  return
}
// expected-error @below {{is a kernel, which takes buffers of known size and scalars, not a 'memref<?xf32>'}}
func.func private @k(%a: memref<?xf32>) attributes {nn.kernel} {
  return
}

// -----

func.func @m.predict(%x: memref<4xf32> {nn.output = "x"}) attributes {nn.entry = "predict"} {
  call @k(%x) : (memref<4xf32>) -> ()
  return
}
func.func private @k(%a: memref<4xf32>) attributes {nn.kernel} {
  // expected-error @below {{stands in a kernel, which calls nothing}}
  call @k(%a) : (memref<4xf32>) -> ()
  return
}

// -----

func.func @m.predict(%x: memref<4xf32> {nn.output = "x"}) attributes {nn.entry = "predict"} {
  %v = call @k(%x) : (memref<4xf32>) -> f32
  return
}
// expected-error @below {{is a kernel, which is one block without results}}
func.func private @k(%a: memref<4xf32>) -> f32 attributes {nn.kernel} {
  %v = arith.constant 0.0 : f32
  return %v : f32
}
