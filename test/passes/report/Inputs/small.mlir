// Products of one element, which become scalar code, with and without a layer that another follows in their loop; upstream
// named ops, whose bodies have no places; one layer called twice.
nn.model @one(%x: tensor<?x64xf32>) -> tensor<?x1xf32> {
  %y = nn.dense %x {units = 1}
  nn.return %y
}
nn.model @last(%x: tensor<?x1xf32>) -> tensor<?x1xf32> {
  %a = nn.dense %x {units = 1, activation = tanh}
  %b = nn.dense %a {units = 1}
  %c = linalg.mul ins(%b, %b : tensor<?x1xf32>, tensor<?x1xf32>) outs(%b : tensor<?x1xf32>) -> tensor<?x1xf32>
  nn.return %c
}
nn.step @fit(%x: tensor<?x64xf32>, %u: tensor<?x64xf32>, %y: tensor<?x1xf32>) {
  %p = nn.call @one(%x) : tensor<?x1xf32>
  %q = nn.call @one(%u) : tensor<?x1xf32>
  %sum = nn.add %p, %q
  %last = nn.call @last(%sum) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %last, %y
  nn.minimize %loss over [@one, @last] with #nn.adam<lr = 1.0e-3>
}
