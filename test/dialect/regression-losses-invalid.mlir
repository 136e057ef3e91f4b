// What losses of numbers refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @pair(%x: tensor<?x10xf32>, %t: tensor<?x9xf32>) {
  // expected-error @below {{'nn.mean_squared_error': got predictions 'tensor<?x10xf32>' and targets 'tensor<?x9xf32>', takes predictions and targets of the same shape and element type}}
  %loss = nn.mean_squared_error %x, %t
  return
}

// -----

func.func @absolute(%x: tensor<?x10xf32>, %t: tensor<?xf32>) {
  // expected-error @below {{'nn.mean_absolute_error' (fit): got 'tensor<?xf32>', takes a tensor of rank 2 or more}}
  %loss = nn.mean_absolute_error %x, %t {name = fit}
  return
}

// -----

func.func @delta(%x: tensor<?x10xf32>) {
  // expected-error @below {{'nn.huber': got delta = 0, takes a finite number above 0}}
  %loss = nn.huber %x, %x {delta = 0}
  return
}

// -----

func.func @infinite(%x: tensor<?x10xf32>) {
  // expected-error @below {{'nn.huber' (fit): got delta = inf, takes a finite number above 0}}
  %loss = nn.huber %x, %x {delta = 0x7FF0000000000000 : f64, name = fit}
  return
}
