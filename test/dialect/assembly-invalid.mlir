// Attributes that a layer does not know, and values it does not take.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

func.func @misspelled(%x: tensor<?x6xf32>) {
  // expected-error @below {{custom op 'nn.dense' has no attribute 'unit'; known: activation, bias_initializer, bias_regularizer, kernel_initializer, kernel_regularizer, name, trainable, units, use_bias}}
  %y = nn.dense %x {unit = 3}
  return
}

// -----

func.func @generic(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.relu' op has no attribute 'alpha'; known: name}}
  %y = "nn.relu"(%x) {alpha = 0.1} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @twice(%x: tensor<?x6xf32>) {
  // expected-error @below {{'units' is given twice}}
  %y = nn.dense %x {units = 3, units = 4}
  return
}

// -----

func.func @required(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.dense': requires attribute 'units'}}
  %y = nn.dense %x
  return
}

// -----

func.func @kind(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.dense': got activation = 5, takes a word or a string}}
  %y = nn.dense %x {units = 3, activation = 5}
  return
}

// -----

func.func @real(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.dense': got units = 3.5, takes a positive whole number}}
  %y = nn.dense %x {units = 3.5}
  return
}

// -----

func.func @flag(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.dense': got use_bias = "no", takes true or false}}
  %y = nn.dense %x {units = 3, use_bias = no}
  return
}

// -----

func.func @initializer(%x: tensor<?x6xf32>) {
  // expected-error @below {{kernel_initializer: there is no #nn.glorot; did you mean glorot_normal, glorot_uniform?}}
  %y = nn.dense %x {units = 3, kernel_initializer = glorot}
  return
}

// -----

func.func @swapped(%x: tensor<?x6xf32>) {
  // expected-error @below {{'nn.dense': got kernel_initializer = #nn.l2, takes an initializer such as #nn.glorot_uniform}}
  %y = nn.dense %x {units = 3, kernel_initializer = l2}
  return
}

// -----

func.func @undefined() {
  // expected-error @below {{'%x' is not defined above its use, so its type is not known here}}
  %y = nn.relu %x
  return
}

// -----

func.func @parameters(%x: tensor<4x6xf32>, %k: tensor<6x3xf32>) {
  // expected-error @below {{'nn.dense' op got parameters ('tensor<6x3xf32>'), takes (kernel: 'tensor<6x3xf32>', bias: 'tensor<3xf32>')}}
  %y = nn.dense %x params(%k) {units = 3}
  return
}

// -----

func.func @result(%x: tensor<4x6xf32>) {
  // expected-error @below {{'nn.relu' op has a result of type 'tensor<4x7xf32>', makes 'tensor<4x6xf32>'}}
  %y = "nn.relu"(%x) : (tensor<4x6xf32>) -> tensor<4x7xf32>
  return
}

// -----

func.func @rank(%x: tensor<f32>) {
  // expected-error @below {{'nn.dense': got 'tensor<f32>', takes a tensor of rank 2 or more}}
  %y = "nn.dense"(%x) {units = 3} : (tensor<f32>) -> tensor<f32>
  return
}

// -----

func.func @operands(%x: tensor<4x6xf32>) {
  // expected-error @below {{custom op 'nn.dense' takes no further operand}}
  %y = nn.dense %x, %x {units = 3}
  return
}

// -----

func.func @unknown(%x: tensor<?x6x4xf32>) {
  // expected-error @below {{custom op 'nn.LSTM' is unknown; did you mean lstm?}}
  %y = nn.LSTM %x {units = 3}
  return
}

// -----

func.func @part_of_a_name(%x: tensor<?x6x4xf32>) {
  // expected-error @below {{custom op 'nn.max_pool' is unknown; did you mean global_max_pooling_1d?}}
  %y = nn.max_pool %x
  return
}

// -----

func.func @not_near(%x: tensor<?x6xf32>) {
  // expected-error @below {{custom op 'nn.layernorm' is unknown; known: accuracy, add, }}
  %y = nn.layernorm %x
  return
}

// -----

func.func @encoding(%x: tensor<4x6xf32, "sparse">) {
  // expected-error @below {{'nn.dense': got 'tensor<4x6xf32, "sparse">', takes a tensor without an encoding}}
  %y = nn.dense %x {units = 3}
  return
}
