// A dense layer without activation, its mean squared error and its gradient step, as functions on tensors: the form of
// the `linalg` phase.
#id2 = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>
#id1 = affine_map<(i) -> (i)>
#scalar = affine_map<(i) -> ()>
#scalar2 = affine_map<(i, j) -> ()>
module attributes {nn.phase = "linalg"} {
  nn.variable @m.dense.kernel : tensor<3x2xf32> {trainable}
  nn.variable @m.dense.bias : tensor<2xf32> {trainable}
  nn.variable @step : tensor<i64> {role = "counter"}

  func.func @init(%seed: tensor<i64> {nn.input = "seed", nn.input_role = "seed"})
      -> (tensor<3x2xf32> {nn.variable = @m.dense.kernel}, tensor<2xf32> {nn.variable = @m.dense.bias},
          tensor<i64> {nn.variable = @step}) attributes {nn.entry = "init", nn.symbol = "", nn.batch = 4 : i64} {
    %kernel = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
    %bias = arith.constant dense<0.5> : tensor<2xf32>
    %step = arith.constant dense<0> : tensor<i64>
    return %kernel, %bias, %step : tensor<3x2xf32>, tensor<2xf32>, tensor<i64>
  }

  func.func @fit.train(%x: tensor<4x3xf32> {nn.input = "x", nn.input_role = "data"},
                       %target: tensor<4x2xf32> {nn.input = "target", nn.input_role = "data"},
                       %lr: tensor<f32> {nn.input = "learning_rate", nn.input_role = "learning_rate",
                                         nn.default = 1.0e-2 : f64},
                       %kernel: tensor<3x2xf32> {nn.variable = @m.dense.kernel},
                       %bias: tensor<2xf32> {nn.variable = @m.dense.bias},
                       %step: tensor<i64> {nn.variable = @step})
      -> (tensor<f32> {nn.output = "loss", nn.output_role = "loss"},
          tensor<3x2xf32> {nn.variable = @m.dense.kernel}, tensor<2xf32> {nn.variable = @m.dense.bias},
          tensor<i64> {nn.variable = @step}) attributes {nn.entry = "train", nn.symbol = "fit", nn.batch = 4 : i64} {
    %zero = arith.constant 0.0 : f32
    %half = arith.constant 0.5 : f32
    %e = tensor.empty() : tensor<4x2xf32>
    %b = linalg.generic {indexing_maps = [#row, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%bias : tensor<2xf32>) outs(%e : tensor<4x2xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
    } -> tensor<4x2xf32>
    %y = linalg.matmul ins(%x, %kernel : tensor<4x3xf32>, tensor<3x2xf32>) outs(%b : tensor<4x2xf32>) -> tensor<4x2xf32>
    %d = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%y, %target : tensor<4x2xf32>, tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) {
      ^bb0(%p: f32, %t: f32, %out: f32):
        %s = arith.subf %p, %t : f32
        linalg.yield %s : f32
    } -> tensor<4x2xf32>
    // loss = ½ Σ d²
    %e0 = tensor.empty() : tensor<f32>
    %z0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<f32>) -> tensor<f32>
    %loss = linalg.generic {indexing_maps = [#id2, #scalar2], iterator_types = ["reduction", "reduction"]}
        ins(%d : tensor<4x2xf32>) outs(%z0 : tensor<f32>) {
      ^bb0(%in: f32, %out: f32):
        %s = arith.mulf %in, %in : f32
        %h = arith.mulf %s, %half : f32
        %a = arith.addf %out, %h : f32
        linalg.yield %a : f32
    } -> tensor<f32>
    // dkernel = xᵀ d; dbias = Σ d
    %xe = tensor.empty() : tensor<3x4xf32>
    %xt = linalg.transpose ins(%x : tensor<4x3xf32>) outs(%xe : tensor<3x4xf32>) permutation = [1, 0]
    %ek = tensor.empty() : tensor<3x2xf32>
    %zk = linalg.fill ins(%zero : f32) outs(%ek : tensor<3x2xf32>) -> tensor<3x2xf32>
    %dk = linalg.matmul ins(%xt, %d : tensor<3x4xf32>, tensor<4x2xf32>) outs(%zk : tensor<3x2xf32>) -> tensor<3x2xf32>
    %eb = tensor.empty() : tensor<2xf32>
    %zb = linalg.fill ins(%zero : f32) outs(%eb : tensor<2xf32>) -> tensor<2xf32>
    %db = linalg.reduce ins(%d : tensor<4x2xf32>) outs(%zb : tensor<2xf32>) dimensions = [0]
      (%in: f32, %acc: f32) {
        %a = arith.addf %in, %acc : f32
        linalg.yield %a : f32
      }
    %rate = tensor.extract %lr[] : tensor<f32>
    %k1 = linalg.generic {indexing_maps = [#id2, #id2, #id2], iterator_types = ["parallel", "parallel"]}
        ins(%kernel, %dk : tensor<3x2xf32>, tensor<3x2xf32>) outs(%ek : tensor<3x2xf32>) {
      ^bb0(%w: f32, %g: f32, %out: f32):
        %s = arith.mulf %rate, %g : f32
        %n = arith.subf %w, %s : f32
        linalg.yield %n : f32
    } -> tensor<3x2xf32>
    %b1 = linalg.generic {indexing_maps = [#id1, #id1, #id1], iterator_types = ["parallel"]}
        ins(%bias, %db : tensor<2xf32>, tensor<2xf32>) outs(%eb : tensor<2xf32>) {
      ^bb0(%w: f32, %g: f32, %out: f32):
        %s = arith.mulf %rate, %g : f32
        %n = arith.subf %w, %s : f32
        linalg.yield %n : f32
    } -> tensor<2xf32>
    %old = tensor.extract %step[] : tensor<i64>
    %one = arith.constant 1 : i64
    %new = arith.addi %old, %one : i64
    %step1 = tensor.from_elements %new : tensor<i64>
    return %loss, %k1, %b1, %step1 : tensor<f32>, tensor<3x2xf32>, tensor<2xf32>, tensor<i64>
  }
}
