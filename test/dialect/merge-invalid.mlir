// What add and concat refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @one(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.add': got 1 inputs, takes two or more}}
  %y = nn.add %x
  return
}

// -----

func.func @shapes(%x: tensor<?x6xf32>, %y: tensor<?x1xf32>) {
  // expected-error @below {{'nn.add' (skip): got 'tensor<?x6xf32>' and 'tensor<?x1xf32>', takes inputs of one shape}}
  %z = nn.add %x, %y {name = skip}
  return
}

// -----

func.func @types(%x: tensor<?x6xf32>, %y: tensor<?x6xf64>) {
  // expected-error @below {{'nn.concat': got 'tensor<?x6xf32>' and 'tensor<?x6xf64>', takes inputs of one element type}}
  %z = nn.concat %x, %y
  return
}

// -----

func.func @batch(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.concat': got axis = 0 and 'tensor<?x6xf32>', takes an axis of the input other than the batch}}
  %z = nn.concat %x, %x {axis = 0}
  return
}

// -----

func.func @others(%x: tensor<?x6x2xf32>, %y: tensor<?x6x3xf32>) {
  // expected-error @below {{'nn.concat': got 'tensor<?x6x2xf32>' and 'tensor<?x6x3xf32>', takes inputs whose shapes agree but for dimension 1}}
  %z = nn.concat %x, %y {axis = 1}
  return
}
