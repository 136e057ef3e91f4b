// What activations refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @softmax(%x: tensor<?xf32>) {
  // expected-error @below {{'nn.softmax' (probs): got 'tensor<?xf32>', takes a tensor of rank 2 or more}}
  %a = nn.softmax %x {name = probs}
  return
}

// -----

func.func @scalar(%x: tensor<f32>) {
  // expected-error @below {{'nn.tanh': got 'tensor<f32>', takes a tensor of rank 1 or more}}
  %a = nn.tanh %x
  return
}

// -----

func.func @dtype(%x: tensor<4x2xi32>) {
  // expected-error @below {{'nn.gelu': got 'tensor<4x2xi32>', takes a tensor of f32 or f64}}
  %a = nn.gelu %x
  return
}

// -----

func.func @unranked(%x: tensor<*xf32>) {
  // expected-error @below {{'nn.relu': got 'tensor<*xf32>', takes a tensor of rank 1 or more}}
  %a = nn.relu %x
  return
}

// -----

func.func @unknown(%x: tensor<?x3xf32>) {
  // expected-error-re @below {{'nn.dense': unknown activation 'rleu'; known: {{.*relu, .*softmax, .*tanh.*}}}}
  %a = nn.dense %x {units = 3, activation = rleu}
  return
}
