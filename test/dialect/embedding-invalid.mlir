// What the embedding layer refuses.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @vocab(%x: tensor<?x6xi32>) {
  // expected-error @below {{'nn.embedding': got vocab = 0, takes a positive whole number}}
  %e = nn.embedding %x {vocab = 0, dim = 8}
  return
}

// -----

func.func @missing(%x: tensor<?x6xi32>) {
  // expected-error @below {{'nn.embedding': requires attribute 'dim'}}
  %e = nn.embedding %x {vocab = 10}
  return
}

// -----

func.func @dtype(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.embedding' op operand #0 must be ranked tensor of 32-bit signless integer or 64-bit signless integer values, but got 'tensor<?x6xf32>'}}
  %e = nn.embedding %x {vocab = 10, dim = 8}
  return
}

// -----

func.func @table(%x: tensor<4x6xi32>, %t: tensor<8x10xf32>) {
  // expected-error @below {{'nn.embedding' op got parameters ('tensor<8x10xf32>'), takes (embeddings: 'tensor<10x8xf32>')}}
  %e = nn.embedding %x params(%t) {vocab = 10, dim = 8}
  return
}

// -----

func.func @lazy_penalty(%x: tensor<?x6xi32>) {
  // expected-error @below {{'nn.embedding' op takes 'lazy' or 'embeddings_regularizer', not both: a penalty has a gradient in every row, and 'lazy' leaves the rows alone that the batch does not name}}
  %e = nn.embedding %x {vocab = 10, dim = 8, lazy, embeddings_regularizer = #nn.l2}
  return
}
