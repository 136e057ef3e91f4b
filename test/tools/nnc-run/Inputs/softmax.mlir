// Three classes by one layer that starts from zero.
nn.model @classes(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %y = nn.dense %x {units = 3, activation = softmax, kernel_initializer = #nn.zeros}
  nn.return %y
}

nn.step @fit(%x: tensor<?x2xf32>, %label: tensor<?xi32>) {
  %probs = nn.call @classes(%x) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classes] with #nn.sgd<lr = 0.5>
}
