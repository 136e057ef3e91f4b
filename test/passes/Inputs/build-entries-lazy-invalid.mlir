nn.variable @table : tensor<50x4xf32> {initializer = #nn.random_uniform, trainable}
nn.step @fit(%a: tensor<?xi32>, %b: tensor<?xi32>, %y: tensor<?x4xf32>) {
  %t = nn.get_variable @table : tensor<50x4xf32>
  // expected-note @below {{@table is looked up with 'lazy' here}}
  %e = nn.embedding %a params(%t) {vocab = 50, dim = 4, lazy}
  // expected-error @below {{'nn.embedding' op looks up @table without 'lazy', another layer of this step with it; those that share a table must all be lazy, or none}}
  %f = nn.embedding %b params(%t) {vocab = 50, dim = 4}
  %s = nn.add %e, %f
  %loss = nn.mean_squared_error %s, %y
  nn.minimize %loss over [@table] with #nn.adam
}

// -----

nn.variable @table : tensor<4x4xf32> {initializer = #nn.random_uniform, trainable}
nn.step @fit(%a: tensor<?xi32>, %y: tensor<?x4xf32>) {
  %t = nn.get_variable @table : tensor<4x4xf32>
  // expected-note @below {{@table is looked up with 'lazy' here}}
  %e = nn.embedding %a params(%t) {vocab = 4, dim = 4, lazy}
  // expected-error @below {{'nn.dense' op reads @table, so that a gradient may arrive at any row of it; with 'lazy' only look-ups may read a table}}
  %f = nn.dense %e params(%t) {units = 4, use_bias = false}
  %loss = nn.mean_squared_error %f, %y
  nn.minimize %loss over [@table] with #nn.adam
}

// -----

// expected-error @below {{'nn.variable' op has a regularizer, whose gradient is in every row; a table that is looked up with 'lazy' takes none}}
nn.variable @table : tensor<50x4xf32> {initializer = #nn.random_uniform, regularizer = #nn.l2, trainable}
nn.step @fit(%a: tensor<?xi32>, %y: tensor<?x4xf32>) {
  %t = nn.get_variable @table : tensor<50x4xf32>
  // expected-note @below {{@table is looked up with 'lazy' here}}
  %e = nn.embedding %a params(%t) {vocab = 50, dim = 4, lazy}
  %loss = nn.mean_squared_error %e, %y
  nn.minimize %loss over [@table] with #nn.adam
}

// -----

// Nested in an op of upstream, a look-up's rows are not there when the update is.
nn.variable @table : tensor<50x4xf32> {initializer = #nn.random_uniform, trainable}
nn.step @fit(%a: tensor<?xi32>, %y: tensor<?x4xf32>) {
  %t = nn.get_variable @table : tensor<50x4xf32>
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2 : index
  %e = scf.for %i = %zero to %two step %one iter_args(%sum = %y) -> (tensor<?x4xf32>) {
    // expected-note @below {{@table is looked up with 'lazy' here}}
    // expected-error @below {{'nn.embedding' op stands in a region of another op; with 'lazy' a look-up stands in the model's own body}}
    %f = nn.embedding %a params(%t) {vocab = 50, dim = 4, lazy}
    %s = nn.add %sum, %f
    scf.yield %s : tensor<?x4xf32>
  }
  %loss = nn.mean_squared_error %e, %y
  nn.minimize %loss over [@table] with #nn.adam
}

// -----

// A norm is one of the whole gradient.
nn.variable @table : tensor<50x4xf32> {initializer = #nn.random_uniform, trainable}
nn.step @fit(%a: tensor<?xi32>, %y: tensor<?x4xf32>) {
  %t = nn.get_variable @table : tensor<50x4xf32>
  %e = nn.embedding %a params(%t) {vocab = 50, dim = 4, lazy}
  %loss = nn.mean_squared_error %e, %y
  // expected-error @below {{'nn.minimize' op clips gradients by their norm, for which the whole gradient of @table is needed; its lazy look-ups make no more than the rows that they have read}}
  nn.minimize %loss over [@table] with #nn.adam<clipnorm = 1.0>
}
