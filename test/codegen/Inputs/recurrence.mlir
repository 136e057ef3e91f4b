// A recurrence as the `linalg` phase has it: parallel over blocks of the batch around a loop over time, in destination
// style. h ← tanh-free h·u + x[t], every h kept, the last one an output; and u updated by a decay.
#id = affine_map<(i, j) -> (i, j)>
module attributes {nn.phase = "linalg"} {
  nn.variable @m.u : tensor<4x4xf32> {trainable}

  func.func @fit.train(%x: tensor<3x6x4xf32> {nn.input = "x", nn.input_role = "data"},
                       %u: tensor<4x4xf32> {nn.variable = @m.u},
                       %lr: tensor<f32> {nn.input = "learning_rate", nn.input_role = "learning_rate"})
      -> (tensor<3x6x4xf32> {nn.output = "sequence", nn.output_role = "prediction"},
          tensor<6x4xf32> {nn.output = "last", nn.output_role = "prediction"},
          tensor<4x4xf32> {nn.variable = @m.u})
      attributes {nn.entry = "train", nn.symbol = "fit", nn.batch = 6 : i64} {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c3 = arith.constant 3 : index
    %zero = arith.constant 0.0 : f32
    %rate = tensor.extract %lr[] : tensor<f32>
    %se = tensor.empty() : tensor<3x6x4xf32>
    %le = tensor.empty() : tensor<6x4xf32>
    %seq, %last = scf.forall (%block) = (0) to (6) step (2) shared_outs(%so = %se, %lo = %le)
        -> (tensor<3x6x4xf32>, tensor<6x4xf32>) {
      %xb = tensor.extract_slice %x[0, %block, 0] [3, 2, 4] [1, 1, 1] : tensor<3x6x4xf32> to tensor<3x2x4xf32>
      %sb = tensor.extract_slice %so[0, %block, 0] [3, 2, 4] [1, 1, 1] : tensor<3x6x4xf32> to tensor<3x2x4xf32>
      %e = tensor.empty() : tensor<2x4xf32>
      %h0 = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
      %r:2 = scf.for %t = %c0 to %c3 step %c1 iter_args(%s = %sb, %h = %h0) -> (tensor<3x2x4xf32>, tensor<2x4xf32>) {
        %xt = tensor.extract_slice %xb[%t, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<3x2x4xf32> to tensor<2x4xf32>
        %fill = linalg.fill ins(%zero : f32) outs(%e : tensor<2x4xf32>) -> tensor<2x4xf32>
        %hu = linalg.matmul ins(%h, %u : tensor<2x4xf32>, tensor<4x4xf32>) outs(%fill : tensor<2x4xf32>) -> tensor<2x4xf32>
        %n = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
            ins(%hu, %xt : tensor<2x4xf32>, tensor<2x4xf32>) outs(%h : tensor<2x4xf32>) {
          ^bb0(%a: f32, %b: f32, %out: f32):
            %v = arith.addf %a, %b : f32
            %w = arith.mulf %v, %rate : f32
            linalg.yield %w : f32
        } -> tensor<2x4xf32>
        %s1 = tensor.insert_slice %n into %s[%t, 0, 0] [1, 2, 4] [1, 1, 1] : tensor<2x4xf32> into tensor<3x2x4xf32>
        scf.yield %s1, %n : tensor<3x2x4xf32>, tensor<2x4xf32>
      }
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %r#0 into %so[0, %block, 0] [3, 2, 4] [1, 1, 1] : tensor<3x2x4xf32> into tensor<3x6x4xf32>
        tensor.parallel_insert_slice %r#1 into %lo[%block, 0] [2, 4] [1, 1] : tensor<2x4xf32> into tensor<6x4xf32>
      }
    }
    %ue = tensor.empty() : tensor<4x4xf32>
    %u1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%u : tensor<4x4xf32>) outs(%ue : tensor<4x4xf32>) {
      ^bb0(%w: f32, %out: f32):
        %d = arith.mulf %rate, %w : f32
        %n = arith.subf %w, %d : f32
        linalg.yield %n : f32
    } -> tensor<4x4xf32>
    return %seq, %last, %u1 : tensor<3x6x4xf32>, tensor<6x4xf32>, tensor<4x4xf32>
  }
}
