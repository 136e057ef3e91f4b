// Words to two classes, through an embedding whose rows pretrained vectors fill.
nn.model @m(%tokens: tensor<?x4xi32>) -> tensor<?x2xf32> {
  %e = nn.embedding %tokens {vocab = 8, dim = 3, name = "words"}
  %h = nn.flatten %e
  %y = nn.dense %h {units = 2, name = "out"}
  nn.return %y
}
nn.step @fit(%tokens: tensor<?x4xi32>, %label: tensor<?xi32>) {
  %y = nn.call @m(%tokens) : tensor<?x2xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label {from_logits}
  nn.minimize %loss over [@m] with #nn.sgd<lr = 1.0e-30>
}
