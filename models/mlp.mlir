// A multi-layer perceptron for images of 28 × 28 pixels in 10 classes.
nn.model @classifier(%image: tensor<?x784xf32>) -> tensor<?x10xf32> {
  %h1 = nn.dense %image {units = 512, activation = relu}
  %h2 = nn.dense %h1 {units = 256, activation = relu}
  %logits = nn.dense %h2 {units = 10}
  nn.return %logits
}
nn.step @fit(%image: tensor<?x784xf32>, %label: tensor<?xi32>) {
  %logits = nn.call @classifier(%image) : tensor<?x10xf32>
}
