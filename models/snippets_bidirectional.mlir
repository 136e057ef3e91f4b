// Tells a favourable snippet of a film review from an unfavourable one: 32 words, an embedding, an LSTM layer that reads
// them in both directions and skips padding, dropout, and a softmax.
//
//   tools/get-data rotten-tomatoes
//   nnc-run train models/snippets_bidirectional.mlir --data ~/.cache/nnc/data/rotten-tomatoes --epochs 3 --batch 32
nn.model @classifier(%tokens: tensor<?x32xi32>) -> tensor<?x2xf32> {
  %mask = nn.padding_mask %tokens
  %e = nn.embedding %tokens {vocab = 10000, dim = 64}
  %h = nn.lstm %e mask(%mask) {units = 32, direction = bidirectional}
  %d = nn.dropout %h {rate = 0.5}
  %probs = nn.dense %d {units = 2, activation = softmax}
  nn.return %probs
}

nn.step @fit(%tokens: tensor<?x32xi32>, %label: tensor<?xi32>) {
  %probs = nn.call @classifier(%tokens) : tensor<?x2xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
