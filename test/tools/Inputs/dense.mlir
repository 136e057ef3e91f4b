nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x3xf32> {
  %f = nn.dense %x {units = 4, activation = relu}
  %g = nn.dense %f {units = 4, activation = relu}
  %y = nn.dense %g {units = 3, use_bias = false, name = "out"}
  nn.return %y
}
