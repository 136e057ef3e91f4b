// An entry point with a product and a sum that stay two operations.
module attributes {nn.phase = "linalg"} {
  func.func @m.predict(%x: tensor<f32> {nn.input = "x", nn.input_role = "data"})
      -> (tensor<f32> {nn.output = "y", nn.output_role = "prediction"})
      attributes {nn.entry = "predict", nn.symbol = "m", nn.batch = 1 : i64} {
    %v = tensor.extract %x[] : tensor<f32>
    %p = arith.mulf %v, %v : f32
    %w = arith.addf %p, %v : f32
    %y = tensor.from_elements %w : tensor<f32>
    return %y : tensor<f32>
  }
}
