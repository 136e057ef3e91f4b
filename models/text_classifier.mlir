// Classifies a package's description into one of Debian's 20 largest sections: 64 words, an embedding, two LSTM layers
// and a softmax.
//
//   tools/get-data debian-sections
//   nnc-run train models/text_classifier.mlir --data ~/.cache/nnc/data/debian-sections --epochs 10 --batch 32
nn.model @classifier(%tokens: tensor<?x64xi32>) -> tensor<?x20xf32> {
  %e = nn.embedding %tokens {vocab = 10000, dim = 128}
  %h1 = nn.lstm %e {units = 128, return_sequences}
  %h2 = nn.lstm %h1 {units = 128}
  %probs = nn.dense %h2 {units = 20, activation = softmax}
  nn.return %probs
}

nn.step @fit(%tokens: tensor<?x64xi32>, %label: tensor<?xi32>) {
  %probs = nn.call @classifier(%tokens) : tensor<?x20xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
