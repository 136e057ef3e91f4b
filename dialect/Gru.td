// The GRU layer.
#ifndef NN_GRU_TD
#define NN_GRU_TD

include "dialect/Recurrent.td"

def NN_GruOp : NN_RecurrentLayer<"gru", (ins NN_Default<NN_FlagAttr, "true">:$reset_after)> {
  let summary = "A gated recurrent unit layer (Cho et al., 2014)";
  let description = [{
    [batch, time, features] → [batch, units], or, with `return_sequences`, [batch, time, units]. Keras' GRU: with the
    columns of the kernels in the order z, r, h,

        z = sigmoid(x_t · kernel_z + h_{t-1} · recurrent_kernel_z + bias)
        r = sigmoid(x_t · kernel_r + h_{t-1} · recurrent_kernel_r + bias)
        n = tanh(x_t · kernel_h + r ⊙ (h_{t-1} · recurrent_kernel_h + recurrent bias) + bias)
        h_t = z ⊙ h_{t-1} + (1 - z) ⊙ n

    and h_0 = 0. With `reset_after = false` n takes (r ⊙ h_{t-1}) · recurrent_kernel_h, as in the first version of the
    paper. Parameters: `kernel` [features, 3 · units], `recurrent_kernel` [units, 3 · units] and, unless `use_bias =
    false`, `bias`: [2, 3 · units], the input's and the recurrent kernel's, or [3 · units] where the reset comes before.
    Directions, masks and dropout are those of nn.lstm.

    ```mlir
    // %x: tensor<?x64x32xf32>
    %h = nn.gru %x {units = 128, return_sequences}
    ```
  }];
}

#endif
