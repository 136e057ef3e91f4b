// A multi-layer perceptron for grey images of 28 x 28 pixels in 10 classes.
//
//   tools/get-data fashion-mnist
//   nnc-run train models/mlp.mlir --data ~/.cache/nnc/data/fashion-mnist --epochs 5 --batch 128
nn.model @classifier(%image: tensor<?x784xf32>) -> tensor<?x10xf32> {
  %h1 = nn.dense %image {units = 512, activation = relu}
  %h2 = nn.dense %h1 {units = 256, activation = relu}
  %logits = nn.dense %h2 {units = 10}
  nn.return %logits
}

nn.step @fit(%image: tensor<?x784xf32>, %label: tensor<?xi32>) {
  %logits = nn.call @classifier(%image) : tensor<?x10xf32>
  %loss = nn.sparse_categorical_crossentropy %logits, %label {from_logits}
  %accuracy = nn.accuracy %logits, %label
  nn.metric "accuracy" %accuracy
  nn.minimize %loss over [@classifier] with #nn.adam<lr = 1.0e-3>
}
