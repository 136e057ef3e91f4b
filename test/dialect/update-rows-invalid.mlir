// What nn.update_rows refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @optimizer(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op takes an optimizer such as #nn.adam<lr = 1.0e-3>, not #nn.zeros}}
  %u = nn.update_rows %p with #nn.zeros rate %lr step %t valid %t others(%i, %g) {batched = array<i1: true>}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x4xf32>
  return
}

// -----

func.func @rows(%p: tensor<9xf32>, %i: tensor<3xi32>, %g: tensor<3xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op takes a parameter of rows, of static shape and not empty, not 'tensor<9xf32>'}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g) {batched = array<i1: true>}
      : tensor<9xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3xf32>
  return
}

// -----

func.func @slots(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op got slots ('tensor<9x4xf32>'), but #nn.adam has ('tensor<9x4xf32>', 'tensor<9x4xf32>')}}
  %u:2 = nn.update_rows %p with #nn.adam rate %lr step %t valid %t others(%p, %i, %g) {batched = array<i1: true>}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<9x4xf32>, tensor<3xi32>, tensor<3x4xf32>
  return
}

// -----

func.func @lookups(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows': got 2 flags in 'batched' and 2 other operands; takes a flag a look-up, at least one, and slots, then of each look-up the indices, then the gradients}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g) {batched = array<i1: true, true>}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x4xf32>
  return
}

// -----

func.func @indices(%p: tensor<9x4xf32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op got indices 'tensor<3x4xf32>', takes integers of static shape and rank 1 or more}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%g, %g) {batched = array<i1: true>}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3x4xf32>, tensor<3x4xf32>
  return
}

// -----

func.func @gradient(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x5xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op got a gradient 'tensor<3x5xf32>' for the rows at 'tensor<3xi32>', takes 'tensor<3x4xf32>'}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g) {batched = array<i1: true>}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x5xf32>
  return
}

// -----

func.func @empty(%p: tensor<0x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows' op takes a parameter of rows, of static shape and not empty, not 'tensor<0x4xf32>'}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g) {batched = array<i1: true>}
      : tensor<0x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x4xf32>
  return
}

// -----

func.func @no_flags(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows': takes 'batched', a flag a look-up, such as array<i1: true>}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g)
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x4xf32>
  return
}

// -----

func.func @flags(%p: tensor<9x4xf32>, %i: tensor<3xi32>, %g: tensor<3x4xf32>, %lr: f64, %t: tensor<i64>) {
  // expected-error @below {{'nn.update_rows': takes 'batched', a flag a look-up, such as array<i1: true>}}
  %u = nn.update_rows %p with #nn.sgd rate %lr step %t valid %t others(%i, %g) {batched = 1}
      : tensor<9x4xf32>, f64, tensor<i64>, tensor<i64>, tensor<3xi32>, tensor<3x4xf32>
  return
}
