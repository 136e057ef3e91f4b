// What Gaussian noise refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics --nn-lower-layers

func.func @much(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.gaussian_noise' (noise): got stddev = 2, takes a number from 0 to 1}}
  %e = nn.gaussian_noise %x {stddev = 2, name = noise}
  return
}

// -----

func.func @nan(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.gaussian_noise': got stddev = nan, takes a number from 0 to 1}}
  %e = nn.gaussian_noise %x {stddev = 0x7FF8000000000000 : f64}
  return
}

// -----

func.func @none(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.gaussian_noise': requires attribute 'stddev'}}
  %e = nn.gaussian_noise %x
  return
}

// -----

func.func @unkeyed(%x: tensor<4x6xf32>) -> tensor<4x6xf32> {
  // expected-error @below {{'nn.gaussian_noise' op has no key to draw random numbers with; steps get theirs from --nn-build-entries}}
  // expected-error @below {{'nn.gaussian_noise' op cannot be lowered}}
  %e = nn.gaussian_noise %x {stddev = 0.5}
  return %e : tensor<4x6xf32>
}
