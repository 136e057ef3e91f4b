// What cannot be counted has no buffer: one error, whatever else is too large.
// RUN: nnc-opt %s --nn-bufferize --verify-diagnostics

func.func @vast() {
  // expected-error @below {{this is too large: it needs a 'tensor<4611686018427387904xf32>', which has more bytes than 63 bits can count}}
  %a = tensor.empty() : tensor<4611686018427387904xf32>
  %b = tensor.empty() : tensor<4611686018427387904xf32>
  return
}

func.func @too() {
  %a = tensor.empty() : tensor<4611686018427387904xf32>
  return
}
