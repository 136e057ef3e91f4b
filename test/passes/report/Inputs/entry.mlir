// An entry point beside a step, as only a file that nnc did not write has it.
nn.model @net(%x: tensor<?x4xf32>) -> tensor<?x1xf32> {
  %y = nn.dense %x {units = 1}
  nn.return %y
}
nn.step @fit(%x: tensor<?x4xf32>, %target: tensor<?x1xf32>) {
  %y = nn.call @net(%x) : tensor<?x1xf32>
  %loss = nn.mean_squared_error %y, %target
  nn.minimize %loss over [@net] with #nn.sgd<lr = 1.0e-3>
}
func.func @other() attributes {nn.entry = "train", nn.batch = 0 : i64, nn.symbol = "fit"} {
  return
}
