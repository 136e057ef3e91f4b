// Classifies a package's description into one of 20 sections of Debian that are a theme: 64 words, an embedding, a GRU
// layer with dropout before and after it, and a softmax.
//
//   tools/get-data debian-themes
//   nnc-run train models/themes_gru.mlir --data ~/.cache/nnc/data/debian-themes --epochs 8 --batch 32
nn.model @classifier(%tokens: tensor<?x64xi32>) -> tensor<?x20xf32> {
  %e = nn.embedding %tokens {vocab = 10000, dim = 64}
  %d1 = nn.dropout %e {rate = 0.3}
  %h = nn.gru %d1 {units = 64}
  %d2 = nn.dropout %h {rate = 0.3}
  %probs = nn.dense %d2 {units = 20, activation = softmax}
  nn.return %probs
}

nn.step @fit(%tokens: tensor<?x64xi32>, %label: tensor<?xi32>) {
  %probs = nn.call @classifier(%tokens) : tensor<?x20xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
