// The plain recurrent layer.
#ifndef NN_SIMPLE_RNN_TD
#define NN_SIMPLE_RNN_TD

include "dialect/Recurrent.td"

def NN_SimpleRnnOp : NN_RecurrentLayer<"simple_rnn", (ins NN_Default<NN_WordAttr, "\"tanh\"">:$activation)> {
  let summary = "A plain recurrent layer (Elman, 1990)";
  let description = [{
    [batch, time, features] → [batch, units], or, with `return_sequences`, [batch, time, units]. Keras' SimpleRNN:

        h_t = activation(x_t · kernel + h_{t-1} · recurrent_kernel + bias)

    with h_0 = 0; `activation` is tanh, relu, sigmoid or linear. Parameters: `kernel` [features, units],
    `recurrent_kernel` [units, units] and, unless `use_bias = false`, `bias` [units]. Directions, masks and dropout are
    those of nn.lstm.

    ```mlir
    // %x: tensor<?x64x32xf32>
    %h = nn.simple_rnn %x {units = 128}
    ```
  }];
}

#endif
