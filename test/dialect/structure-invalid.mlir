// What a model or step may not say of its inputs and results, and what a step may not hold.
// RUN: nnc-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{input 'x' has type 'tensor<?x0xf32>', which holds no elements: no dimension may be zero}}
nn.model @no_features(%x: tensor<?x0xf32>) -> tensor<?x0xf32> {
  nn.return %x
}

// -----

// expected-error @below {{result has type 'tensor<0x4xf32>', which holds no elements: no dimension may be zero}}
nn.model @no_samples(%x: tensor<?x4xf32>) -> tensor<0x4xf32> {
  %y = tensor.extract_slice %x[0, 0] [0, 4] [1, 1] : tensor<?x4xf32> to tensor<0x4xf32>
  nn.return %y
}

// -----

// expected-error @below {{input 'label' has type 'tensor<0xi32>', which holds no elements: no dimension may be zero}}
nn.step @no_labels(%x: tensor<?x4xf32>, %label: tensor<0xi32>) {
}

// -----

// expected-error @below {{input 'x' has type 'tensor<?x?xf32>': only its first dimension, the batch, may be `?`}}
nn.model @two_unknown(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  nn.return %x
}

// -----

// expected-error @below {{input 'x' must be a ranked tensor, not 'tensor<*xf32>'}}
nn.model @unranked(%x: tensor<*xf32>) -> tensor<*xf32> {
  nn.return %x
}

// -----

nn.step @weights(%x: tensor<?x4xf32>, %target: tensor<?x3xf32>) {
  // expected-error @below {{'nn.dense' op has parameters, which belong to a model: put it into an nn.model and call that}}
  %y = nn.dense %x {units = 3}
  %loss = nn.mean_squared_error %y, %target
  nn.minimize %loss over [@m] with #nn.sgd
}

// -----

// expected-error @below {{names an input 'valid', as a compiled step names one of its own; choose another name}}
nn.step @reserved(%valid: tensor<?x4xf32>) {
}

// -----

nn.step @metric_name(%x: tensor<?x4xf32>, %label: tensor<?xi32>) {
  %a = nn.accuracy %x, %label
  // expected-error @below {{has the name "val_loss"; a metric's name is made of letters, digits, '_', '-' and '.', and does not begin with 'val_'}}
  nn.metric "val_loss" %a
  nn.minimize %a over [@m] with #nn.sgd
}

// -----

nn.step @metric_without_name(%x: tensor<?x4xf32>, %label: tensor<?xi32>) {
  %a = nn.accuracy %x, %label
  // expected-error @below {{has the name ""; a metric's name is made of}}
  nn.metric "" %a
  nn.minimize %a over [@m] with #nn.sgd
}

// -----

// expected-error @below {{got role = "scratch", takes parameter, slot or counter}}
nn.variable @scratch : tensor<4xf32> {role = "scratch"}

// -----

// expected-error @below {{input 'x' has type 'tensor<4x4xf32>': its first dimension is the batch, written `?`}}
nn.model @fixed(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  nn.return %x
}

// -----

// expected-error @below {{input 'scale' has type 'tensor<f32>': its first dimension is the batch, written `?`}}
nn.step @scalar(%x: tensor<?x4xf32>, %scale: tensor<f32>) {
}
