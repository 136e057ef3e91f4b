// RUN: nnc-opt --nn-bind-buffers --split-input-file --verify-diagnostics %s | FileCheck %s

// Inputs are read-only, variables that change are writable, an output is a further argument. The new value goes into
// the old one as a tensor first, so that bufferization sees who still reads it.
// CHECK-LABEL: func.func @fit.train(
// CHECK-SAME: %[[X:.*]]: memref<4xf32> {nn.input = "x"},
// CHECK-SAME: %[[W:.*]]: memref<4xf32> {nn.variable = @w},
// CHECK-SAME: %[[F:.*]]: memref<4xf32> {nn.variable = @frozen},
// CHECK-SAME: %[[OUT:.*]]: memref<4xf32> {nn.output = "loss"})
// CHECK-SAME: attributes {nn.entry = "train"}
func.func @fit.train(%x: tensor<4xf32> {nn.input = "x"}, %w: tensor<4xf32> {nn.variable = @w},
                     %f: tensor<4xf32> {nn.variable = @frozen})
    -> (tensor<4xf32> {nn.output = "loss"}, tensor<4xf32> {nn.variable = @w}) attributes {nn.entry = "train"} {
  // CHECK: bufferization.to_tensor %[[X]] restrict : memref
  // CHECK: %[[OLD:.*]] = bufferization.to_tensor %[[W]] restrict writable
  // CHECK: bufferization.to_tensor %[[F]] restrict : memref
  %e = tensor.empty() : tensor<4xf32>
  // CHECK: %[[Y:.*]] = linalg.mul
  %y = linalg.mul ins(%x, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[Z:.*]] = linalg.add
  %z = linalg.add ins(%f, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: bufferization.materialize_in_destination %[[Y]] in restrict writable %[[OUT]]
  // CHECK: %[[NEW:.*]] = bufferization.materialize_in_destination %[[Z]] in %[[OLD]]
  // CHECK: bufferization.materialize_in_destination %[[NEW]] in restrict writable %[[W]]
  // CHECK: return{{$}}
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}

// A variable that the entry only sets is an argument too.
// CHECK-LABEL: func.func @init(%{{.*}}: memref<i64> {nn.variable = @step})
func.func @init() -> (tensor<i64> {nn.variable = @step}) attributes {nn.entry = "init"} {
  %zero = arith.constant dense<0> : tensor<i64>
  return %zero : tensor<i64>
}

// Functions that are no entry points stay as they are.
// CHECK-LABEL: func.func private @helper(%{{.*}}: tensor<4xf32>)
func.func private @helper(%x: tensor<4xf32>) {
  return
}

// -----

// expected-error@+1 {{argument 0 is a 'tensor<?xf32>'; an entry point takes tensors of fixed shape}}
func.func @dynamic(%x: tensor<?xf32> {nn.input = "x"}) attributes {nn.entry = "predict"} {
  return
}

// -----

// expected-error@+1 {{has 2 blocks; an entry point's control flow is structured (scf)}}
func.func @blocks() attributes {nn.entry = "predict"} {
  cf.br ^next
^next:
  return
}
