// A layer of each kind that has weights, some twice.
nn.model @m(%tokens: tensor<?x6xi32>) -> tensor<?x3xf32> {
  %e = nn.embedding %tokens {vocab = 9, dim = 4}
  %a = nn.lstm %e {units = 5, return_sequences, direction = bidirectional}
  %b = nn.gru %a {units = 4, return_sequences}
  %c = nn.lstm %b {units = 4, return_sequences}
  %d = nn.lstm %c {units = 4, return_sequences, use_bias = false}
  %p = nn.dropout %d {rate = 0.5}
  %s = nn.simple_rnn %p {units = 4}
  %f = nn.dense %s {units = 4, activation = relu}
  %g = nn.dense %f {units = 4, activation = relu}
  %y = nn.dense %g {units = 3, use_bias = false, name = "out"}
  nn.return %y
}
nn.step @fit(%tokens: tensor<?x6xi32>, %label: tensor<?xi32>) {
  %y = nn.call @m(%tokens) : tensor<?x3xf32>
  %loss = nn.sparse_categorical_crossentropy %y, %label {from_logits}
  nn.minimize %loss over [@m] with #nn.adam<lr = 1.0e-2>
}
