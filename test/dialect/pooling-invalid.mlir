// What pooling over time refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @rank(%x: tensor<?x3xf32>) {
  // expected-error @below {{'nn.global_average_pooling_1d' (mean): got 'tensor<?x3xf32>', takes a tensor of rank 3}}
  %a = nn.global_average_pooling_1d %x {name = mean}
  return
}

// -----

func.func @integers(%x: tensor<4x2x2xi32>) {
  // expected-error @below {{'nn.global_max_pooling_1d': got 'tensor<4x2x2xi32>', takes a tensor of f32 or f64}}
  %a = nn.global_max_pooling_1d %x
  return
}

// -----

func.func @attribute(%x: tensor<?x3x2xf32>) {
  // expected-error @below {{'nn.global_max_pooling_1d' has no attribute 'keep_dims'; known: keepdims, name}}
  %a = nn.global_max_pooling_1d %x {keep_dims}
  return
}

// -----

func.func @mask(%x: tensor<?x3x2xf32>, %mask: tensor<?x4xi32>) {
  // expected-error @below {{got a mask of type 'tensor<?x4xi32>' for an input of type 'tensor<?x3x2xf32>', takes integers [batch, time]}}
  %a = nn.global_average_pooling_1d %x mask(%mask)
  return
}
