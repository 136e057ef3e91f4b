nn.model @m(%t: tensor<?x5xi32>) -> tensor<?x2xf32> {
  %e = nn.embedding %t {vocab = 50, dim = 3}
  %f = nn.flatten %e
  %h = nn.dense %f {units = 7, activation = relu}
  %y = nn.dense %h {units = 2}
  nn.return %y
}
nn.step @fit(%t: tensor<?x5xi32>, %y: tensor<?xi32>) {
  %p = nn.call @m(%t) : tensor<?x2xf32>
  %loss = nn.sparse_categorical_crossentropy %p, %y {from_logits}
  nn.minimize %loss over [@m] with #nn.adam<global_clipnorm = 0.5>
}
