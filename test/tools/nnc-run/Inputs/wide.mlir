// A layer large enough for its products to be worth measuring.
nn.model @wide(%x: tensor<?x32xf32>) -> tensor<?x1xf32> {
  %h = nn.dense %x {units = 40, activation = tanh}
  %y = nn.dense %h {units = 1}
  nn.return %y
}

nn.step @fit(%x: tensor<?x32xf32>, %y: tensor<?x1xf32>) {
  %guess = nn.call @wide(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %guess, %y
  nn.minimize %loss over [@wide] with #nn.adam
}
