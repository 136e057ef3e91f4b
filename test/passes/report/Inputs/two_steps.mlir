// Two models and two steps, one of which trains but the head; an upstream op between layers.
nn.model @body(%x: tensor<?x6xf32>) -> tensor<?x8xf32> {
  %a = nn.dense %x {units = 8, activation = relu}
  %b = nn.dense %a {units = 8}
  %c = arith.addf %a, %b : tensor<?x8xf32>
  nn.return %c
}
nn.model @net(%x: tensor<?x6xf32>) -> tensor<?x3xf32> {
  %h = nn.call @body(%x) : tensor<?x8xf32>
  %y = nn.dense %h {units = 3, activation = softmax, name = "head"}
  nn.return %y
}
nn.model @lonely(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %y = nn.relu %x
  nn.return %y
}
nn.step @all(%x: tensor<?x6xf32>, %label: tensor<?xi32>) {
  %y = nn.call @net(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label
  nn.minimize %loss over [@net] with #nn.adam<lr = 1.0e-3>
}
nn.step @again(%x: tensor<?x6xf32>, %label: tensor<?xi32>) {
  %y = nn.call @net(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label
  nn.minimize %loss over [@net] with #nn.sgd<lr = 1.0e-3>
}
