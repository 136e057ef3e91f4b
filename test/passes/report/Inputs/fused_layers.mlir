// Layers of which several run in one kernel: what follows a product runs in its loop.
nn.model @net(%x: tensor<?x100xf32>) -> tensor<?x10xf32> {
  %a = nn.dense %x {units = 64}
  %b = nn.relu %a
  %c = nn.dropout %b {rate = 0.2}
  %d = nn.dense %c {units = 64, activation = tanh}
  %n = nn.gaussian_noise %d {stddev = 0.1}
  %e = nn.dense %n {units = 10}
  %p = nn.softmax %e
  nn.return %p
}
nn.step @fit(%x: tensor<?x100xf32>, %label: tensor<?xi32>) {
  %p = nn.call @net(%x) : tensor<?x10xf32>
  %loss = nn.sparse_categorical_crossentropy %p, %label
  nn.minimize %loss over [@net] with #nn.adam<lr = 1.0e-3>
}
