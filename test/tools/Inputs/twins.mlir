// Two models with a layer of one shape each.
nn.model @b(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2}
  nn.return %y
}
nn.model @a(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2}
  nn.return %y
}
