// A line through points: the smallest model there is.
nn.model @line(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %y = nn.dense %x {units = 1}
  nn.return %y
}

nn.step @fit(%x: tensor<?x2xf32>, %y: tensor<?x1xf32>) {
  %guess = nn.call @line(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %guess, %y
  nn.minimize %loss over [@line] with #nn.sgd<lr = 0.1>
}
