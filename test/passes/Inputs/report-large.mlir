nn.variable @w : tensor<1073741824x1073741824xf32> {trainable}
nn.model @vast(%x: tensor<?x1073741824xf32>) -> tensor<?x1073741824xf32> {
  %w = nn.get_variable @w : tensor<1073741824x1073741824xf32>
  %a = nn.dense %x params(%w) {units = 1073741824, use_bias = false}
  %b = nn.dense %a {units = 1073741824, use_bias = false}
  %c = nn.dense %b params(%w) {units = 1073741824, use_bias = false}
  %d = nn.dense %c {units = 1073741824, use_bias = false}
  %e = nn.dense %d {units = 1073741824, use_bias = false}
  %f = nn.dense %e {units = 1073741824, use_bias = false}
  %g = nn.dense %f {units = 1073741824, use_bias = false}
  %h = nn.dense %g {units = 1073741824, use_bias = false}
  nn.return %h
}
