// What lowering refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-lower-layers

func.func @no_parameters(%x: tensor<4x6xf32>) -> tensor<4x3xf32> {
  // expected-error @below {{'nn.dense' op has no parameters; models get theirs from --nn-materialize-params}}
  %y = nn.dense %x {units = 3}
  return %y : tensor<4x3xf32>
}

// -----

func.func @no_recurrent_parameters(%x: tensor<4x5x6xf32>) -> tensor<4x3xf32> {
  // expected-error @below {{'nn.lstm' op has no parameters; models get theirs from --nn-materialize-params}}
  %y = nn.lstm %x {units = 3}
  return %y : tensor<4x3xf32>
}
