// A recurrent layer that nn lacks, written in upstream dialects: h_t = tanh(x_t · W + h_{t-1} · U), as a loop over
// time. Its parameters are variables of the file.
nn.variable @rnn.kernel : tensor<5x4xf32> {initializer = #nn.glorot_uniform, trainable}
nn.variable @rnn.recurrent_kernel : tensor<4x4xf32> {initializer = #nn.orthogonal, trainable}

nn.model @rnn(%x: tensor<?x7x5xf32>) -> tensor<?x4xf32> {
  %w = nn.get_variable @rnn.kernel : tensor<5x4xf32>
  %u = nn.get_variable @rnn.recurrent_kernel : tensor<4x4xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %steps = arith.constant 7 : index
  %batch = tensor.dim %x, %c0 : tensor<?x7x5xf32>
  %empty = tensor.empty(%batch) : tensor<?x4xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x4xf32>) -> tensor<?x4xf32>
  %last = scf.for %t = %c0 to %steps step %c1 iter_args(%h = %start) -> tensor<?x4xf32> {
    %xt = tensor.extract_slice %x[0, %t, 0] [%batch, 1, 5] [1, 1, 1] : tensor<?x7x5xf32> to tensor<?x5xf32>
    %e = tensor.empty(%batch) : tensor<?x4xf32>
    %z0 = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %z1 = linalg.matmul ins(%xt, %w : tensor<?x5xf32>, tensor<5x4xf32>) outs(%z0 : tensor<?x4xf32>) -> tensor<?x4xf32>
    %z2 = linalg.matmul ins(%h, %u : tensor<?x4xf32>, tensor<4x4xf32>) outs(%z1 : tensor<?x4xf32>) -> tensor<?x4xf32>
    %next = math.tanh %z2 : tensor<?x4xf32>
    scf.yield %next : tensor<?x4xf32>
  }
  nn.return %last
}

nn.step @fit(%x: tensor<?x7x5xf32>, %goal: tensor<?x4xf32>) {
  %y = nn.call @rnn(%x) : tensor<?x4xf32>
  %loss = nn.mean_squared_error %y, %goal
  nn.minimize %loss over [@rnn.kernel, @rnn.recurrent_kernel] with #nn.sgd
}
