// What activations akin to relu refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @slope(%x: tensor<?x3xf32>) {
  // expected-error @below {{'nn.leaky_relu' (slow): got negative_slope = -0.1, takes a finite number from 0 on}}
  %a = nn.leaky_relu %x {negative_slope = -0.1, name = slow}
  return
}

// -----

func.func @kind(%x: tensor<?x3xf32>) {
  // expected-error @below {{'nn.leaky_relu': got negative_slope = "flat", takes a number}}
  %a = nn.leaky_relu %x {negative_slope = flat}
  return
}

// -----

func.func @alpha(%x: tensor<?x3xf32>) {
  // expected-error @below {{'nn.elu': got alpha = inf, takes a finite number}}
  %a = nn.elu %x {alpha = 0x7FF0000000000000 : f64}
  return
}

// -----

func.func @integers(%x: tensor<4x2xi32>) {
  // expected-error @below {{'nn.softplus': got 'tensor<4x2xi32>', takes a tensor of f32 or f64}}
  %a = nn.softplus %x
  return
}

// -----

func.func @scalar(%x: tensor<f32>) {
  // expected-error @below {{'nn.selu': got 'tensor<f32>', takes a tensor of rank 1 or more}}
  %a = nn.selu %x
  return
}
