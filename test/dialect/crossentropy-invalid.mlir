// What cross-entropies over classes refuse.
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
  // expected-error @below {{'nn.categorical_crossentropy': got predictions 'tensor<?x10xf32>' and targets 'tensor<?x9xf32>', takes predictions and targets of the same shape and element type}}
  %loss = nn.categorical_crossentropy %x, %t
  return
}

// -----

func.func @smoothing(%x: tensor<?x10xf32>, %t: tensor<?xi32>) {
  // expected-error @below {{'nn.sparse_categorical_crossentropy' (fit): got label_smoothing = 1.1, takes a number from 0 to 1}}
  %loss = nn.sparse_categorical_crossentropy %x, %t {label_smoothing = 1.1, name = fit}
  return
}

// -----

func.func @negative(%x: tensor<?x10xf32>) {
  // expected-error @below {{'nn.categorical_crossentropy': got label_smoothing = -1, takes a number from 0 to 1}}
  %loss = nn.categorical_crossentropy %x, %x {label_smoothing = -1}
  return
}

// -----

func.func @kind(%x: tensor<?x10xf32>) {
  // expected-error @below {{'nn.categorical_crossentropy': got label_smoothing = "much", takes a number}}
  %loss = nn.categorical_crossentropy %x, %x {label_smoothing = much}
  return
}
