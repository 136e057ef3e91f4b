// What losses refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%x: tensor<?x10xf32>, %t: tensor<?x10xi32>) {
  // expected-error @below {{'nn.sparse_categorical_crossentropy' (fit): got predictions 'tensor<?x10xf32>' and targets 'tensor<?x10xi32>', takes predictions [batch, ..., classes] and targets [batch, ...] of class indices}}
  %loss = nn.sparse_categorical_crossentropy %x, %t {name = "fit"}
  return
}

// -----

func.func @rank(%x: tensor<?xf32>, %t: tensor<?xi32>) {
  // expected-error @below {{'nn.sparse_categorical_crossentropy': got 'tensor<?xf32>', takes a tensor of rank 2 or more}}
  %loss = nn.sparse_categorical_crossentropy %x, %t
  return
}

// -----

func.func @pair(%x: tensor<?x10xf32>, %t: tensor<?x9xf32>) {
  // expected-error @below {{'nn.mean_squared_error': got predictions 'tensor<?x10xf32>' and targets 'tensor<?x9xf32>', takes predictions and targets of the same shape and element type}}
  %loss = nn.mean_squared_error %x, %t
  return
}
