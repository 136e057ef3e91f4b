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

// The forms that training is made of.
// CHECK-LABEL: func.func @training
func.func @training(%x: tensor<6x7x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %b: tensor<16xf32>,
                    %grad: tensor<6x7x4xf32>) -> tensor<7x6x16xf32> {
  // CHECK: nn.lstm_training %{{.*}} params(%{{.*}}) {return_sequences, units = 4}
  %h, %gates, %cells, %hidden = nn.lstm_training %x params(%k, %r, %b) {units = 4, return_sequences}
  // CHECK: nn.lstm_training %{{.*}} params(%{{.*}}) {units = 4}
  %last, %gates1, %cells1, %hidden1 = nn.lstm_training %x params(%k, %r, %b) {units = 4}
  // CHECK: nn.lstm_backward
  %dz = nn.lstm_backward %grad, %gates, %cells, %r {return_sequences}
  // CHECK: nn.lstm_backward
  %dz1 = nn.lstm_backward %last, %gates1, %cells1, %r
  return %dz : tensor<7x6x16xf32>
}

// -----

// No number of rows from 8 to 16 divides 31: two blocks of 16, the last row of the second never part of a result.
// CHECK-LABEL: func.func @padded
// CHECK: return %{{.*}} : tensor<3x32x16xf32>
func.func @padded(%x: tensor<31x3x5xf32>, %k: tensor<5x16xf32>, %r: tensor<4x16xf32>, %grad: tensor<31x3x4xf32>)
    -> tensor<3x32x16xf32> {
  %h, %gates, %cells, %hidden = nn.lstm_training %x params(%k, %r) {units = 4, return_sequences}
  %dz = nn.lstm_backward %grad, %gates, %cells, %r {return_sequences}
  return %dz : tensor<3x32x16xf32>
}
