nn.model @m(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %y = nn.dense %x {units = 2}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %y: tensor<?x2xf32>) {
  %p = nn.call @m(%x) : tensor<?x2xf32>
  %loss = nn.mean_squared_error %p, %y
  nn.minimize %loss over [@m] with #nn.adagrad<lr = #nn.exponential_decay<initial_learning_rate = 0.1, decay_steps = 10,
      decay_rate = 0.9, staircase = true>, initial_accumulator_value = 0.5>
}
