// The LSTM layer.
#ifndef NN_LSTM_TD
#define NN_LSTM_TD

include "dialect/Recurrent.td"

def NN_LstmOp : NN_RecurrentLayer<"lstm", (ins NN_Default<NN_FlagAttr, "true">:$unit_forget_bias)> {
  let summary = "A long short-term memory layer (Hochreiter and Schmidhuber, 1997)";
  let description = [{
    [batch, time, features] → [batch, units], or, with `return_sequences`, [batch, time, units]. Keras' LSTM: with the
    gates in the order i, f, c, o,

        z  = x_t · kernel + h_{t-1} · recurrent_kernel + bias
        c_t = sigmoid(z_f) ⊙ c_{t-1} + sigmoid(z_i) ⊙ tanh(z_c)
        h_t = sigmoid(z_o) ⊙ tanh(c_t)

    and h_0 = c_0 = 0. Parameters: `kernel` [features, 4 · units], `recurrent_kernel` [units, 4 · units] and, unless
    `use_bias = false`, `bias` [4 · units], which starts at one for the forget gate unless `unit_forget_bias = false`.

    What all recurrent layers take:

    - `direction = reverse` runs from the last step to the first; the sequence it returns is in the order of the input
      (as ONNX and PyTorch have it; Keras' go_backwards returns it reversed). `direction = bidirectional` runs both ways,
      with parameters of their own (`forward_kernel`, `backward_kernel` ...), as Keras' Bidirectional does, and merges
      the two results by `merge_mode`: `concat` (2 · units), `sum`, `mul` or `ave`.
    - `mask(%m)` [batch, time], integers: in a step whose element is zero a sample keeps its states and repeats its
      output, so that padding changes nothing, on whichever side it is (nn.sequence_mask, nn.padding_mask).
    - `dropout` of the input's features and `recurrent_dropout` of h_{t-1} on its way into the recurrent kernel: in
      training, with one draw a sample for all steps (Gal and Ghahramani, 2016), others scaled up, as in Keras.

    ```mlir
    // %x: tensor<?x64x32xf32>
    // %mask: tensor<?x64xi32>
    %h = nn.lstm %x mask(%mask) {units = 128, return_sequences, direction = bidirectional, dropout = 0.2}
    %y = nn.lstm %h {units = 128}
    ```
  }];
}

#endif
