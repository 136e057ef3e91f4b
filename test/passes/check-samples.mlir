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

// -----

// A body may read its own sample of another tensor.
nn.model @own(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %y = linalg.generic {indexing_maps = [affine_map<(b, i) -> (b, i)>], iterator_types = ["parallel", "parallel"]}
      outs(%x : tensor<?x4xf32>) {
    ^bb0(%old: f32):
      %b = linalg.index 0 : index
      %e = tensor.extract %x[%b, %c0] : tensor<?x4xf32>
      %s = arith.addf %e, %old : f32
      linalg.yield %s : f32
  } -> tensor<?x4xf32>
  nn.return %y
}

// -----

nn.model @other(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %y = linalg.generic {indexing_maps = [affine_map<(b, i) -> (b, i)>], iterator_types = ["parallel", "parallel"]}
      outs(%x : tensor<?x4xf32>) {
    ^bb0(%old: f32):
      // expected-error @below {{'tensor.extract' op works on values that hold one entry a sample, and nnc cannot tell}}
      %e = tensor.extract %x[%c0, %c0] : tensor<?x4xf32>
      linalg.yield %e : f32
  } -> tensor<?x4xf32>
  nn.return %y
}

// -----

nn.model @branch(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %true = arith.constant true
  %zero = arith.constant 0.0 : f32
  %s = scf.if %true -> f32 {
    // expected-error @below {{'tensor.extract' op works on values that hold one entry a sample}}
    %e = tensor.extract %x[%c0, %c0] : tensor<?x4xf32>
    scf.yield %e : f32
  } else {
    scf.yield %zero : f32
  }
  nn.return %x
}

// -----

nn.model @place(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xi32>
  %y = linalg.generic {indexing_maps = [affine_map<(b, i) -> (b, i)>], iterator_types = ["parallel", "parallel"]}
      outs(%e : tensor<?x4xi32>) {
    ^bb0(%old: i32):
      // expected-error @below {{'linalg.index' op gives the place of a sample in the batch, and 'arith.index_cast' computes with it}}
      %b = linalg.index 0 : index
      %i = arith.index_cast %b : index to i32
      linalg.yield %i : i32
  } -> tensor<?x4xi32>
  nn.return %x
}

// -----

nn.model @count(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tensor.dim' op gives the size of the batch, and 'arith.index_cast' computes with it}}
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  // expected-note @below {{used here}}
  %i = arith.index_cast %n : index to i32
  nn.return %x
}

// -----

nn.model @bound(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  // expected-error @below {{'tensor.dim' op gives the size of the batch, and 'scf.for' computes with it}}
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  // expected-note @below {{used here}}
  %y = scf.for %i = %c0 to %n step %c1 iter_args(%a = %x) -> tensor<?x4xf32> {
    %b = arith.addf %a, %a : tensor<?x4xf32>
    scf.yield %b : tensor<?x4xf32>
  }
  nn.return %y
}

// -----

nn.model @places(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{'tensor.dim' op gives the size of the batch, and 'arith.subi' computes with it}}
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %c1 = arith.constant 1 : index
  // expected-note @below {{used here}}
  %m = arith.subi %n, %c1 : index
  nn.return %x
}

// -----

nn.model @generated(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  // expected-error @below {{'tensor.generate' op works on values that hold one entry a sample, and nnc cannot tell}}
  %g = tensor.generate %n {
    ^bb0(%b: index, %i: index):
      tensor.yield %zero : f32
  } : tensor<?x4xf32>
  nn.return %x
}

// -----

nn.model @rows(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %table = arith.constant dense<[[1.0], [2.0], [3.0]]> : tensor<3x1xf32>
  // expected-error @below {{'tensor.extract_slice' op works on values that hold one entry a sample, but makes them of what holds none}}
  %r = tensor.extract_slice %table[0, 0] [%n, 1] [1, 1] : tensor<3x1xf32> to tensor<?x1xf32>
  nn.return %x
}

// -----

nn.model @row_of_place(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %table = arith.constant dense<[[1.0, 0.0], [2.0, 1.0], [3.0, 4.0]]> : tensor<3x2xf32>
  // expected-error @below {{'linalg.add' op works on values that hold one entry a sample, and reads one entry a sample of operand 0, which does not depend on the batch}}
  %y = linalg.add ins(%table, %x : tensor<3x2xf32>, tensor<?x2xf32>) outs(%x : tensor<?x2xf32>) -> tensor<?x2xf32>
  nn.return %y
}
