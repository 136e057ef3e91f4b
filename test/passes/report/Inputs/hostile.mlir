// Names that would be markup, a formula, or a line of their own, if anything believed them.
nn.model @net(%x: tensor<?x4xf32>) -> tensor<?x1xf32> {
  %a = nn.dense %x {units = 5, name = "</script><script>hostile()</script>"}
  %b = nn.dense %a {units = 1, name = "a, {{data}} & <b>é"}
  nn.return %b
}
nn.step @fit(%x: tensor<?x4xf32>, %target: tensor<?x1xf32>) {
  %y = nn.call @net(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %y, %target
  nn.minimize %loss over [@net] with #nn.sgd<lr = 1.0e-3>
}
