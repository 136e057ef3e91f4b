nn.model @m(%x: tensor<?x5x2xf32>) -> tensor<?x4xf32> {
  %h = nn.lstm %x {units = 3, return_sequences, direction = bidirectional}
  %y = nn.gru %h {units = 4}
  nn.return %y
}
