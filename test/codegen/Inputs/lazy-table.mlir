nn.model @m(%tokens: tensor<?x64xi32>) -> tensor<?x3xf32> {
  %e = nn.embedding %tokens {vocab = 1000000, dim = 64, lazy}
  %h = nn.flatten %e
  %y = nn.dense %h {units = 3}
  nn.return %y
}
nn.step @fit(%tokens: tensor<?x64xi32>, %y: tensor<?x3xf32>) {
  %p = nn.call @m(%tokens) : tensor<?x3xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.adam
}
