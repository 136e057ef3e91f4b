// RUN: nnc-opt %s --nn-check-samples --split-input-file --verify-diagnostics

// Keeps samples apart: layers, elementwise ops, per-sample reductions, a loop over time.
nn.model @apart(%x: tensor<?x8x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8x4xf32>
  %y = arith.addf %x, %x : tensor<?x8x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %sum = scf.for %t = %c0 to %c8 step %c1 iter_args(%acc = %init) -> (tensor<?x4xf32>) {
    %s = tensor.extract_slice %y[0, %t, 0] [%n, 1, 4] [1, 1, 1] : tensor<?x8x4xf32> to tensor<?x4xf32>
    %next = arith.addf %acc, %s : tensor<?x4xf32>
    scf.yield %next : tensor<?x4xf32>
  }
  nn.return %sum
}

// -----

nn.model @batch_sum(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  // expected-error @below {{works on values that hold one entry a sample, and reduces over them}}
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
                         iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%zero : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<4xf32>
  nn.return %x
}

// -----

nn.model @first_sample(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{and takes some of them only}}
  %s = tensor.extract_slice %x[0, 0] [1, 4] [1, 1] : tensor<?x4xf32> to tensor<1x4xf32>
  nn.return %x
}

// -----

nn.model @merged(%x: tensor<?x2x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{and merges or splits the dimension they lie along}}
  %s = tensor.collapse_shape %x [[0, 1], [2]] : tensor<?x2x4xf32> into tensor<?x4xf32>
  nn.return %s
}
