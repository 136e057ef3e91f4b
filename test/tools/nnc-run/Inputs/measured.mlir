// A line through points, whose absolute error is measured too, and its root.
nn.model @line(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %y = nn.dense %x {units = 1}
  nn.return %y
}

nn.step @fit(%x: tensor<?x2xf32>, %price: tensor<?x1xf32>) {
  %guess = nn.call @line(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %guess, %price
  %error = nn.mean_absolute_error %guess, %price
  nn.metric "error" %error
  %root = math.sqrt %error : tensor<f32>
  nn.metric "root" %root
  nn.minimize %loss over [@line] with #nn.sgd<lr = 0.1>
}
