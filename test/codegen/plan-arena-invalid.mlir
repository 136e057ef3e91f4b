// RUN: nnc-opt --nn-plan-arena --verify-diagnostics --split-input-file %s

// Each buffer can be counted, all of them together cannot.
// expected-error @below {{needs buffers that have more bytes together than can be counted}}
func.func @fit.train(%x: memref<4611686018427387904xi8> {nn.input = "x"},
                     %y: memref<4611686018427387904xi8> {nn.output = "y"}) attributes {nn.entry = "train"} {
  linalg.copy ins(%x : memref<4611686018427387904xi8>) outs(%y : memref<4611686018427387904xi8>)
  return
}

// -----

nn.variable @a : tensor<4611686018427387904xi8>
// expected-error @below {{and the variables before it have more bytes than can be counted}}
nn.variable @b : tensor<4611686018427387904xi8>
