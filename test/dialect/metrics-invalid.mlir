// What metrics refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @threshold(%x: tensor<?x1xf32>) {
  // expected-error @below {{'nn.binary_accuracy' (acc): got threshold = nan, takes a number}}
  %a = nn.binary_accuracy %x, %x {threshold = 0x7FF8000000000000 : f64, name = acc}
  return
}

// -----

func.func @binary(%x: tensor<?x1xf32>, %t: tensor<?xf32>) {
  // expected-error @below {{'nn.binary_accuracy': got 'tensor<?xf32>', takes a tensor of rank 2 or more}}
  %a = nn.binary_accuracy %x, %t
  return
}

// -----

func.func @none(%x: tensor<?x9xf32>, %t: tensor<?xi32>) {
  // expected-error @below {{'nn.sparse_top_k_categorical_accuracy': got k = 0, takes a positive whole number}}
  %a = nn.sparse_top_k_categorical_accuracy %x, %t {k = 0}
  return
}

// -----

func.func @indices(%x: tensor<?x9xf32>, %u: tensor<?x9xi32>) {
  // expected-error @below {{'nn.sparse_top_k_categorical_accuracy' (top): got predictions 'tensor<?x9xf32>' and targets 'tensor<?x9xi32>', takes predictions [batch, ..., classes] and targets [batch, ...] of class indices}}
  %a = nn.sparse_top_k_categorical_accuracy %x, %u {name = top}
  return
}

// -----

func.func @distributions(%x: tensor<?x9xf32>, %t: tensor<?x8xf32>) {
  // expected-error @below {{'nn.top_k_categorical_accuracy': got predictions 'tensor<?x9xf32>' and targets 'tensor<?x8xf32>', takes predictions and targets of the same shape and element type}}
  %a = nn.top_k_categorical_accuracy %x, %t
  return
}
