// What recurrent layers refuse.
// RUN: nnc-opt %s --verify-diagnostics --split-input-file

nn.model @flat(%x: tensor<?x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.lstm': got 'tensor<?x5xf32>', takes a tensor of rank 3}}
  %y = nn.lstm %x {units = 4}
  nn.return %y
}

// -----

nn.model @unknown_length(%x: tensor<?x?x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.lstm': got 'tensor<?x?x5xf32>', takes a tensor whose dimensions after the batch are static}}
  %y = nn.lstm %x {units = 4}
  nn.return %y
}

// -----

nn.model @no_units(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.lstm' (memory): requires attribute 'units'}}
  %y = nn.lstm %x {name = memory}
  nn.return %y
}

// -----

nn.model @zero_units(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{takes a positive whole number}}
  %y = nn.lstm %x {units = 0}
  nn.return %y
}

// -----

nn.model @too_many_units(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{got units = 9000000000000000000, takes at most 2147483647}}
  %y = nn.lstm %x {units = 9000000000000000000}
  nn.return %y
}

// -----

nn.model @forget_bias(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{takes `bias_initializer` only with `unit_forget_bias = false`}}
  %y = nn.lstm %x {units = 4, bias_initializer = #nn.zeros}
  nn.return %y
}

// -----

func.func @parameters(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<3x16xf32>) {
  // expected-error @+1 {{takes the parameters 'tensor<5x16xf32>', 'tensor<4x16xf32>', 'tensor<16xf32>', the last one optional, got 'tensor<5x16xf32>', 'tensor<3x16xf32>'}}
  %h, %gates, %cells, %hidden = nn.lstm_training %x params(%k, %r) {units = 4, return_sequences}
  return
}

// -----

func.func @gradient(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<8x6x4xf32>,
                    %r: tensor<4x16xf32>) {
  // expected-error @+1 {{takes a gradient of type 'tensor<6x7x4xf32>', got 'tensor<6x4xf32>'}}
  %dz = nn.lstm_backward %grad, %gates, %cells, %r {return_sequences}
  return
}

// -----

func.func @cells(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<7x6x4xf32>,
                 %r: tensor<4x16xf32>) {
  // expected-error @+1 {{takes cells of type 'tensor<8x6x4xf32>', got 'tensor<7x6x4xf32>'}}
  %dz = nn.lstm_backward %grad, %gates, %cells, %r
  return
}
