// What flatten and reshape refuse.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @count(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.reshape': got 'tensor<?x6xf32>', 6 elements a sample, which do not make shape = [4, -1]}}
  %y = nn.reshape %x {shape = [4, -1]}
  return
}

// -----

func.func @open(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.reshape': got shape = [-1, -1], in which more than one size is -1}}
  %y = nn.reshape %x {shape = [-1, -1]}
  return
}

// -----

func.func @negative(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.reshape': got shape = [-2, -3], takes positive sizes, one of which may be -1}}
  %y = nn.reshape %x {shape = [-2, -3]}
  return
}

// -----

func.func @overflow(%x: tensor<?x6xf32>) {
  // expected-error @below {{got shape = [4611686018427387905, 4], which has more elements than 63 bits can count}}
  %y = nn.reshape %x {shape = [4611686018427387905, 4]}
  return
}

// -----

func.func @kind(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.reshape': got shape = 6, takes a list of whole numbers such as [8, -1]}}
  %y = nn.reshape %x {shape = 6}
  return
}

// -----

func.func @zero(%x: tensor<?x0xf32>) {
  // expected-error @below {{'nn.flatten': got 'tensor<?x0xf32>', takes a tensor whose dimensions after the batch are static, and none of them zero}}
  %y = nn.flatten %x
  return
}
