// Classifies a package's description into one of Debian's 20 largest sections without regard to the order of its words:
// the mean of 64 words' embeddings, a dense layer and a softmax.
//
//   tools/get-data debian-sections
//   nnc-run train models/sections_averaged.mlir --data ~/.cache/nnc/data/debian-sections --epochs 8 --batch 32
nn.model @classifier(%tokens: tensor<?x64xi32>) -> tensor<?x20xf32> {
  %e = nn.embedding %tokens {vocab = 10000, dim = 64}
  %mean = nn.global_average_pooling_1d %e
  %h = nn.dense %mean {units = 64, activation = relu}
  %probs = nn.dense %h {units = 20, activation = softmax}
  nn.return %probs
}

nn.step @fit(%tokens: tensor<?x64xi32>, %label: tensor<?xi32>) {
  %probs = nn.call @classifier(%tokens) : tensor<?x20xf32>
  %loss = nn.sparse_categorical_crossentropy %probs, %label
  %accuracy = nn.accuracy %probs, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
