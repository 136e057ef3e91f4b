// A model of two results, and a step for each.
nn.model @both(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x3xf32>) {
  %y = nn.dense %x {units = 1}
  %z = nn.dense %x {units = 3}
  nn.return %y, %z
}

nn.step @first(%x: tensor<?x2xf32>, %y: tensor<?x1xf32>) {
  %a, %b = nn.call @both(%x) : tensor<?x1xf32>, tensor<?x3xf32>
  %loss = nn.mean_squared_error %a, %y
  nn.minimize %loss over [@both] with #nn.sgd<lr = 0.1>
}

nn.step @second(%x: tensor<?x2xf32>, %z: tensor<?x3xf32>) {
  %a, %b = nn.call @both(%x) : tensor<?x1xf32>, tensor<?x3xf32>
  %loss = nn.mean_squared_error %b, %z
  nn.minimize %loss over [@both] with #nn.sgd<lr = 0.1>
}
