// What recurrent layers refuse.
// RUN: nnc-opt %s --verify-diagnostics --split-input-file

nn.model @flat(%x: tensor<?x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.lstm': got 'tensor<?x5xf32>', takes a tensor of rank 3}}
  %y = nn.lstm %x {units = 4}
  nn.return %y
}

// -----

nn.model @last_step(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  %h = nn.gru %x {units = 3}
  // expected-error @+1 {{'nn.lstm': got 'tensor<?x3xf32>', takes a tensor of rank 3; the 'nn.gru' that makes it returns all steps with `return_sequences`}}
  %y = nn.lstm %h {units = 4}
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

nn.model @direction(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.gru': got direction = backwards, takes forward, reverse or bidirectional}}
  %y = nn.gru %x {units = 4, direction = backwards}
  nn.return %y
}

// -----

nn.model @merge_mode(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.gru': got merge_mode = max, takes concat, sum, mul or ave}}
  %y = nn.gru %x {units = 4, direction = bidirectional, merge_mode = max}
  nn.return %y
}

// -----

nn.model @merges_nothing(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.lstm': takes `merge_mode` only with `direction = bidirectional`, whose two results it merges}}
  %y = nn.lstm %x {units = 4, merge_mode = sum}
  nn.return %y
}

// -----

nn.model @rate(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.simple_rnn': got recurrent_dropout = 1.0, takes a number from 0 to below 1}}
  %y = nn.simple_rnn %x {units = 4, recurrent_dropout = 1.0}
  nn.return %y
}

// -----

nn.model @activation(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{'nn.simple_rnn': got activation = gelu, takes tanh, relu, sigmoid or linear}}
  %y = nn.simple_rnn %x {units = 4, activation = gelu}
  nn.return %y
}

// -----

nn.model @mask(%x: tensor<?x7x5xf32>, %tokens: tensor<?x6xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{got a mask of type 'tensor<?x6xi32>' for an input of type 'tensor<?x7x5xf32>', takes integers [batch, time]}}
  %y = nn.lstm %x mask(%tokens) {units = 4}
  nn.return %y
}

// -----

nn.model @mask_of_floats(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{custom op 'nn.lstm' takes a mask of integers [batch, time], which nn.padding_mask makes of tokens and nn.sequence_mask of lengths, not 'tensor<?x7x5xf32>'}}
  %y = nn.lstm %x mask(%x) {units = 4}
  nn.return %y
}

// -----

func.func @parameters(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<3x16xf32>) {
  // expected-error @+1 {{takes the parameters 'tensor<5x12xf32>', 'tensor<3x12xf32>', 'tensor<12xf32>', the last one optional, got 'tensor<5x16xf32>', 'tensor<3x16xf32>'}}
  %h, %gates, %cells, %hidden = nn.recurrent_training %x params(%k, %r) {cell = #nn.lstm_cell, return_sequences}
  return
}

// -----

func.func @gradient(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<8x6x4xf32>,
                    %hidden: tensor<7x6x4xf32>, %r: tensor<4x16xf32>) {
  // expected-error @+1 {{takes a gradient of type 'tensor<6x7x4xf32>', got 'tensor<6x4xf32>'}}
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell, return_sequences}
  return
}

// -----

func.func @cells(%grad: tensor<6x4xf32>, %gates: tensor<7x6x16xf32>, %cells: tensor<7x6x4xf32>,
                 %hidden: tensor<7x6x4xf32>, %r: tensor<4x16xf32>) {
  // expected-error @+1 {{takes what was kept of types 'tensor<7x6x16xf32>', 'tensor<8x6x4xf32>', 'tensor<7x6x4xf32>', got}}
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell}
  return
}

// -----

// expected-error @+1 {{got activation = gelu, takes tanh, relu, sigmoid or linear}}
func.func private @cell() attributes {cell = #nn.simple_rnn_cell<activation = "gelu">}
