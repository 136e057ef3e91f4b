// A small network whose rate falls as it learns, and whose gradients are clipped.
nn.model @line(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %h = nn.dense %x {units = 37, activation = tanh}
  %y = nn.dense %h {units = 1}
  nn.return %y
}

nn.step @fit(%x: tensor<?x2xf32>, %y: tensor<?x1xf32>) {
  %guess = nn.call @line(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %guess, %y
  nn.minimize %loss over [@line] with #nn.adagrad<lr = #nn.cosine_decay<initial_learning_rate = 0.1, decay_steps = 10>, global_clipnorm = 0.5>
}
