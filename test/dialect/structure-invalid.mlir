// What a model or step may not say of its inputs and results.
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
