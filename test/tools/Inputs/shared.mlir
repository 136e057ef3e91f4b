// A model that is called twice, by one with layers of its own.
nn.model @enc(%x: tensor<?x6x4xf32>) -> tensor<?x3xf32> {
  %h = nn.gru %x {units = 3, reset_after = false}
  nn.return %h
}
nn.model @both(%x: tensor<?x6x4xf32>, %y: tensor<?x6x4xf32>) -> tensor<?x2xf32> {
  %h = nn.call @enc(%x) : tensor<?x3xf32>
  %g = nn.call @enc(%y) : tensor<?x3xf32>
  %s = nn.add %h, %g
  %d = nn.dense %s {units = 2}
  nn.return %d
}
nn.step @fit(%x: tensor<?x6x4xf32>, %y: tensor<?x6x4xf32>, %t: tensor<?x2xf32>) {
  %p = nn.call @both(%x, %y) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %p, %t
  nn.minimize %loss over [@enc, @both] with #nn.sgd<lr = 1.0e-2>
}
