// A classifier of two classes whose label is a distribution; the step names the model's input otherwise.
nn.model @side(%x: tensor<?x3xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2}
  nn.return %y
}

nn.step @fit(%a: tensor<?x3xf32>, %p: tensor<?x2xf32>) {
  %logits = nn.call @side(%a) : tensor<?x2xf32>
  %loss = nn.categorical_crossentropy %logits, %p {from_logits}
  nn.minimize %loss over [@side] with #nn.sgd<lr = 0.1>
}
