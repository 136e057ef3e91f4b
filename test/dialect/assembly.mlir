// The assembly form: no operand types, bare words, no defaults, no stray blanks.
// RUN: nnc-opt %s | FileCheck %s --strict-whitespace
// RUN: nnc-opt %s | nnc-opt | FileCheck %s --strict-whitespace

// CHECK: {{^}}  nn.variable @table : tensor<4x2xf32> {initializer = #nn.zeros, trainable}{{$}}
nn.variable @table : tensor<4x2xf32> {initializer = zeros, trainable, role = parameter}

// CHECK: {{^}}  nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x10xf32> {{{$}}
nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x10xf32> {
  // CHECK-NEXT: {{^}}    %0 = nn.dense %x {units = 4}{{$}}
  %a = nn.dense %x {units = 4, use_bias = true, trainable = true}
  // CHECK-NEXT: {{^}}    %1 = nn.dense %0 {bias_initializer = #nn.ones, kernel_regularizer = #nn.l2, name = "a b", trainable = false, units = 10}{{$}}
  %b = nn.dense %a {units = 10, name = "a b", trainable = false, bias_initializer = ones, kernel_regularizer = l2}
  // CHECK-NEXT: {{^}}    %2 = nn.relu %1 {name = "f32"}{{$}}
  %c = nn.relu %b {name = "f32"}
  // CHECK-NEXT: {{^}}    %3 = nn.add %2, %1 {name = "f32x"}{{$}}
  %d = nn.add %c, %b {name = f32x}
  // CHECK-NEXT: {{^}}    %4 = nn.relu %3{{$}}
  %e = nn.relu %d
  // CHECK-NEXT: {{^}}    nn.return %4{{$}}
  nn.return %e
}

// CHECK: {{^}}  nn.step @fit(%x: tensor<?x4xf32>, %t: tensor<?xi32>) {{{$}}
nn.step @fit(%x: tensor<?x4xf32>, %t: tensor<?xi32>) {
  // CHECK-NEXT: {{^}}    %0 = nn.call @m(%x) : tensor<?x10xf32>{{$}}
  %y = nn.call @m(%x) : tensor<?x10xf32>
  // CHECK-NEXT: {{^}}    %1 = nn.sparse_categorical_crossentropy %0, %t {from_logits}{{$}}
  %loss = nn.sparse_categorical_crossentropy %y, %t {from_logits}
  // CHECK-NEXT: {{^}}    %2 = nn.accuracy %0, %t{{$}}
  %accuracy = nn.accuracy %y, %t
  // CHECK-NEXT: {{^}}    nn.metric "accuracy" %2{{$}}
  nn.metric "accuracy" %accuracy
  // CHECK-NEXT: {{^}}    nn.minimize %1 over [@m] with #nn.adam{{$}}
  nn.minimize %loss over [@m] with #nn.adam
}

// CHECK: nn.sparse_categorical_crossentropy %arg0, %arg1 valid %arg2{{$}}
func.func @masked(%x: tensor<4x10xf32>, %t: tensor<4xi32>, %valid: tensor<i64>) -> tensor<f32> {
  %loss = nn.sparse_categorical_crossentropy %x, %t valid %valid
  return %loss : tensor<f32>
}

// A flag may be written as Keras writes it, and what is true or false alone as a flag.
// CHECK: nn.lstm %x {return_sequences, units = 3}{{$}}
// CHECK: nn.lstm %x {units = 3}{{$}}
nn.model @flags(%x: tensor<?x5x4xf32>) -> (tensor<?x5x3xf32>, tensor<?x3xf32>) {
  %sequences = nn.lstm %x {return_sequences = true, units = 3, use_bias}
  %last = nn.lstm %x {units = 3, return_sequences = false}
  nn.return %sequences, %last
}
