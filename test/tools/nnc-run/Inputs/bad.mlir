// A model whose result is not what it says.
nn.model @bad(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %y = nn.dense %x {units = 3}
  nn.return %y
}
