// What the binary cross-entropy refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @shapes(%x: tensor<?x10xf32>, %t: tensor<?x1xf32>) {
  // expected-error @below {{'nn.binary_crossentropy' (fit): got predictions 'tensor<?x10xf32>' and targets 'tensor<?x1xf32>', takes predictions and targets of the same shape and element type}}
  %loss = nn.binary_crossentropy %x, %t {name = "fit"}
  return
}

// -----

func.func @rank(%x: tensor<?xf32>) {
  // expected-error @below {{'nn.binary_crossentropy': got 'tensor<?xf32>', takes a tensor of rank 2 or more}}
  %loss = nn.binary_crossentropy %x, %x
  return
}

// -----

func.func @smoothing(%x: tensor<?x10xf32>) {
  // expected-error @below {{'nn.binary_crossentropy': got label_smoothing = nan, takes a number from 0 to 1}}
  %loss = nn.binary_crossentropy %x, %x {label_smoothing = 0x7FF8000000000000 : f64}
  return
}

// -----

func.func @labels(%x: tensor<?x1xf32>, %t: tensor<?x1xi32>) {
  // expected-error @below {{'nn.binary_crossentropy': got predictions 'tensor<?x1xf32>' and targets 'tensor<?x1xi32>', takes predictions and targets of the same shape and element type}}
  %loss = nn.binary_crossentropy %x, %t
  return
}
