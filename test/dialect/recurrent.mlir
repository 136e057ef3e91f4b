// RUN: nnc-opt %s --split-input-file | nnc-opt --split-input-file | FileCheck %s
// RUN: nnc-opt %s --split-input-file --nn-materialize-params | FileCheck %s --check-prefix=PARAMS

// With return_sequences every step's output, else the last one's.
// CHECK-LABEL: nn.model @stack
// PARAMS-DAG: nn.variable @stack.lstm.kernel : tensor<5x16xf32> {{.*}}glorot_uniform
// PARAMS-DAG: nn.variable @stack.lstm.recurrent_kernel : tensor<4x16xf32> {{.*}}orthogonal
// PARAMS-DAG: nn.variable @stack.lstm.bias : tensor<16xf32> {{.*}}unit_forget_bias
// PARAMS-DAG: nn.variable @stack.lstm_1.kernel : tensor<4x12xf32>
nn.model @stack(%x: tensor<?x7x5xf32>) -> tensor<?x3xf32> {
  // CHECK: %[[A:.*]] = nn.lstm %{{.*}} {return_sequences{{.*}}units = 4
  %a = nn.lstm %x {units = 4, return_sequences}
  // CHECK: nn.lstm %[[A]] {{.*}}units = 3
  %y = nn.lstm %a {units = 3}
  nn.return %y
}

// -----

// Initialisers and regularisers of each parameter; a layer without bias.
// PARAMS-DAG: nn.variable @given.lstm.kernel : tensor<2x4xf32> {{.*}}#nn.ones{{.*}}#nn.l2<0.5>
// PARAMS-DAG: nn.variable @given.lstm.recurrent_kernel : tensor<1x4xf32> {{.*}}#nn.zeros{{.*}}#nn.l1
// PARAMS-DAG: nn.variable @given.lstm.bias : tensor<4xf32> {{.*}}#nn.ones
// PARAMS-DAG: nn.variable @given.bare.recurrent_kernel : tensor<1x4xf32>
// PARAMS-NOT: nn.variable @given.bare.bias
nn.model @given(%x: tensor<?x3x2xf32>) -> tensor<?x1xf32> {
  %a = nn.lstm %x {units = 1, return_sequences, kernel_initializer = #nn.ones, kernel_regularizer = #nn.l2<0.5>,
                   recurrent_initializer = #nn.zeros, recurrent_regularizer = #nn.l1<0.1>,
                   bias_initializer = #nn.ones, unit_forget_bias = false}
  %y = nn.lstm %a {units = 1, use_bias = false, name = bare}
  nn.return %y
}

// -----

// A GRU with either place of its reset gate, and a plain network: columns and biases are Keras'.
// CHECK-LABEL: nn.model @others
// PARAMS-DAG: nn.variable @others.gru.kernel : tensor<5x12xf32> {{.*}}glorot_uniform
// PARAMS-DAG: nn.variable @others.gru.recurrent_kernel : tensor<4x12xf32> {{.*}}orthogonal
// PARAMS-DAG: nn.variable @others.gru.bias : tensor<2x12xf32> {{.*}}zeros
// PARAMS-DAG: nn.variable @others.gru_1.bias : tensor<12xf32> {{.*}}zeros
// PARAMS-DAG: nn.variable @others.simple_rnn.kernel : tensor<4x3xf32>
// PARAMS-DAG: nn.variable @others.simple_rnn.recurrent_kernel : tensor<3x3xf32>
// PARAMS-DAG: nn.variable @others.simple_rnn.bias : tensor<3xf32>
nn.model @others(%x: tensor<?x7x5xf32>) -> tensor<?x3xf32> {
  // CHECK: nn.gru %{{.*}} {return_sequences, units = 4}
  %a = nn.gru %x {units = 4, return_sequences}
  // CHECK: nn.gru %{{.*}} {reset_after = false, return_sequences, units = 4}
  %b = nn.gru %a {units = 4, return_sequences, reset_after = false}
  // CHECK: nn.simple_rnn %{{.*}} {activation = relu, units = 3}
  %y = nn.simple_rnn %b {units = 3, activation = relu}
  nn.return %y
}

// -----

// Both directions have parameters of their own; their results lie side by side, or are merged.
// CHECK-LABEL: nn.model @directions
// PARAMS-DAG: nn.variable @directions.lstm.forward_kernel : tensor<5x16xf32>
// PARAMS-DAG: nn.variable @directions.lstm.forward_recurrent_kernel : tensor<4x16xf32>
// PARAMS-DAG: nn.variable @directions.lstm.forward_bias : tensor<16xf32> {{.*}}unit_forget_bias
// PARAMS-DAG: nn.variable @directions.lstm.backward_kernel : tensor<5x16xf32>
// PARAMS-DAG: nn.variable @directions.lstm.backward_recurrent_kernel : tensor<4x16xf32>
// PARAMS-DAG: nn.variable @directions.lstm.backward_bias : tensor<16xf32>
// PARAMS-DAG: nn.variable @directions.gru.forward_kernel : tensor<8x9xf32>
// PARAMS-DAG: nn.variable @directions.simple_rnn.kernel : tensor<3x2xf32>
nn.model @directions(%x: tensor<?x7x5xf32>) -> tensor<?x2xf32> {
  %a = nn.lstm %x {units = 4, return_sequences, direction = bidirectional}
  %b = nn.gru %a {units = 3, return_sequences, direction = bidirectional, merge_mode = ave}
  %y = nn.simple_rnn %b {units = 2, direction = reverse}
  nn.return %y
}

// -----

// A mask, and a key where dropout draws.
// CHECK-LABEL: func.func @operands
func.func @operands(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %mask: tensor<6x7xi32>,
                    %seed: tensor<i64>, %step: tensor<i64>) -> tensor<6x4xf32> {
  // CHECK: nn.lstm %{{.*}} params(%{{.*}}) mask(%{{.*}}) key(%{{.*}}) {dropout = {{.*}}, units = 4
  %h = nn.lstm %x params(%k, %r) mask(%mask) key(%seed, %step) {units = 4, dropout = 0.5, use_bias = false}
  return %h : tensor<6x4xf32>
}

// -----

// What layers are lowered to, and the forms that training is made of.
// CHECK-LABEL: func.func @training
func.func @training(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %b: tensor<16xf32>,
                    %grad: tensor<6x7x4xf32>, %scale: tensor<6x4xf32>) -> tensor<7x6x16xf32> {
  // CHECK: nn.recurrent %{{.*}} params(%{{.*}}) scale(%{{.*}}) {cell = #nn.lstm_cell, reverse}
  %plain = nn.recurrent %x params(%k, %r, %b) scale(%scale) {cell = #nn.lstm_cell, reverse}
  // CHECK: nn.recurrent_training %{{.*}} params(%{{.*}}) {cell = #nn.lstm_cell, return_sequences}
  %h, %gates, %cells, %hidden = nn.recurrent_training %x params(%k, %r, %b) {cell = #nn.lstm_cell, return_sequences}
  // CHECK: nn.recurrent_training %{{.*}} params(%{{.*}}) {cell = #nn.lstm_cell}
  %last, %gates1, %cells1, %hidden1 = nn.recurrent_training %x params(%k, %r, %b) {cell = #nn.lstm_cell}
  // CHECK: nn.recurrent_backward
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell, return_sequences}
  // CHECK: nn.recurrent_backward
  %dz1 = nn.recurrent_backward %last, %r kept(%gates1, %cells1, %hidden1) {cell = #nn.lstm_cell}
  return %dz : tensor<7x6x16xf32>
}

// -----

// A GRU that resets after the recurrent kernel keeps what that made, and its two kernels get gradients of their own.
// CHECK-LABEL: func.func @gru_training
func.func @gru_training(%x: tensor<6x7x5xf32>, %k: tensor<5x12xf32>, %r: tensor<4x12xf32>, %b: tensor<2x12xf32>)
    -> (tensor<7x6x12xf32>, tensor<7x6x12xf32>) {
  // CHECK: -> (tensor<7x6x12xf32>, tensor<7x6x12xf32>)
  %h, %gates, %outputs, %inner = nn.recurrent_training %x params(%k, %r, %b) {cell = #nn.gru_cell}
  %dz, %dx = nn.recurrent_backward %h, %r kept(%gates, %outputs, %inner) {cell = #nn.gru_cell}
  return %dz, %dx : tensor<7x6x12xf32>, tensor<7x6x12xf32>
}

// -----

// No number of rows from 8 to 16 divides 31: two blocks of 16, the last row of the second never part of a result.
// CHECK-LABEL: func.func @padded
// CHECK: return %{{.*}} : tensor<3x32x16xf32>
func.func @padded(%x: tensor<31x3x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %grad: tensor<31x3x4xf32>)
    -> tensor<3x32x16xf32> {
  %h, %gates, %cells, %hidden = nn.recurrent_training %x params(%k, %r) {cell = #nn.lstm_cell, return_sequences}
  %dz = nn.recurrent_backward %grad, %r kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell, return_sequences}
  return %dz : tensor<3x32x16xf32>
}
