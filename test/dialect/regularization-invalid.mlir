// What dropout refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-lower-layers

func.func @one(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.dropout': got rate = 1, takes a number from 0 to below 1}}
  %e = nn.dropout %x {rate = 1}
  return
}

// -----

func.func @nan(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.dropout': got rate = nan, takes a number from 0 to below 1}}
  %e = nn.dropout %x {rate = 0x7FF8000000000000 : f64}
  return
}

// -----

func.func @kind(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.dropout': got rate = "half", takes a number}}
  %e = nn.dropout %x {rate = half}
  return
}

// -----

func.func @key(%x: tensor<4x6xf32>, %seed: tensor<i64>) {
  // expected-error @below {{'nn.dropout' op takes a key of two values, the seed and the step, not 1}}
  %e = nn.dropout %x key(%seed) {rate = 0.5}
  return
}

// -----

func.func @unkeyed(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // expected-error @below {{'nn.dropout' op has no key to draw random numbers with; steps get theirs from --nn-build-entries}}
  // expected-error @below {{'nn.dropout' op cannot be lowered}}
  %e = nn.dropout %x {rate = 0.5}
  return %e : tensor<4x6xf32>
}

// -----

func.func @spatial(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.spatial_dropout_1d' (drop): got 'tensor<4x6xf32>', takes a tensor of rank 3}}
  %e = nn.spatial_dropout_1d %x {rate = 0.5, name = drop}
  return
}

// -----

func.func @spatial_rate(%x: tensor<4x6x2xf32>) {
  // expected-error @below {{'nn.spatial_dropout_1d': got rate = -0.1, takes a number from 0 to below 1}}
  %e = nn.spatial_dropout_1d %x {rate = -0.1}
  return
}

// -----

func.func @gaussian(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.gaussian_dropout': got rate = 1, takes a number from 0 to below 1}}
  %e = nn.gaussian_dropout %x {rate = 1}
  return
}

// -----

func.func @gaussian_key(%x: tensor<4x6xf32>, %seed: tensor<i64>) {
  // expected-error @below {{'nn.gaussian_dropout' op takes a key of two values, the seed and the step, not 1}}
  %e = nn.gaussian_dropout %x key(%seed) {rate = 0.5}
  return
}
