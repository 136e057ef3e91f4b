// Reads a grey image of 28 x 28 pixels row by row and tells which of 10 classes it is of: a simple recurrent layer over
// the 28 rows, and logits.
//
//   tools/get-data fashion-mnist
//   nnc-run train models/image_rows.mlir --data ~/.cache/nnc/data/fashion-mnist --epochs 5 --batch 128
nn.model @classifier(%image: tensor<?x784xf32>) -> tensor<?x10xf32> {
  %rows = nn.reshape %image {shape = [28, 28]}
  %h = nn.simple_rnn %rows {units = 128}
  %logits = nn.dense %h {units = 10}
  nn.return %logits
}

nn.step @fit(%image: tensor<?x784xf32>, %label: tensor<?xi32>) {
  %logits = nn.call @classifier(%image) : tensor<?x10xf32>
  %loss = nn.sparse_categorical_crossentropy %logits, %label {from_logits}
  %accuracy = nn.accuracy %logits, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
