// Recurrent layers, and the forms of them that training is made of.
#ifndef NN_RECURRENT_TD
#define NN_RECURRENT_TD

include "dialect/Layer.td"

def NN_LstmOp : NN_ParametricLayer<"lstm", [],
    [DeclareOpInterfaceMethods<DifferentiableOpInterface, ["makeSavingForm"]>]> {
  let summary = "A long short-term memory layer (Hochreiter and Schmidhuber, 1997)";
  let description = [{
    [batch, time, features] → [batch, units], or, with `return_sequences`, [batch, time, units]. Keras' LSTM: with the
    gates in the order i, f, c, o,

        z  = x_t · kernel + h_{t-1} · recurrent_kernel + bias
        c_t = sigmoid(z_f) ⊙ c_{t-1} + sigmoid(z_i) ⊙ tanh(z_c)
        h_t = sigmoid(z_o) ⊙ tanh(c_t)

    and h_0 = c_0 = 0. Parameters: `kernel` [features, 4 · units], `recurrent_kernel` [units, 4 · units] and, unless
    `use_bias = false`, `bias` [4 · units], which starts at one for the forget gate unless `unit_forget_bias = false`.

    ```mlir
    // %x: tensor<?x64x32xf32>
    %h = nn.lstm %x {units = 128, return_sequences}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_FloatTensor>:$params,
                       NN_PositiveAttr:$units, UnitAttr:$return_sequences,
                       DefaultValuedAttr<NN_FlagAttr, "true">:$use_bias,
                       DefaultValuedAttr<NN_FlagAttr, "true">:$unit_forget_bias,
                       OptionalAttr<NN_InitializerAttr>:$kernel_initializer, OptionalAttr<NN_InitializerAttr>:$recurrent_initializer,
                       OptionalAttr<NN_InitializerAttr>:$bias_initializer,
                       OptionalAttr<NN_RegularizerAttr>:$kernel_regularizer, OptionalAttr<NN_RegularizerAttr>:$recurrent_regularizer,
                       OptionalAttr<NN_RegularizerAttr>:$bias_regularizer,
                       DefaultValuedAttr<NN_FlagAttr, "true">:$trainable, OptionalAttr<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

def NN_LstmTrainingOp : NN_Function<"lstm_training", ["getMultiplyAdds", "getDepth"],
    [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "An LSTM layer that keeps what its gradient reads";
  let description = [{
    Made of `nn.lstm` by differentiation. Further results: `gates` [time, batch, 4 · units], the activated gates;
    `cells` [time + 1, batch, units], where cells[t] is the cell state before step t; and `hidden` [time, batch, units],
    the output of every step. Their batch is padded to whole blocks of rows (Recurrent.h).

    ```mlir
    // %x: tensor<8x64x32xf32>
    // %kernel: tensor<32x512xf32>
    // %recurrent: tensor<128x512xf32>
    // %bias: tensor<512xf32>
    %h, %gates, %cells, %hidden = nn.lstm_training %x params(%kernel, %recurrent, %bias) {units = 128, return_sequences}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_FloatTensor>:$params,
                       NN_PositiveAttr:$units, UnitAttr:$return_sequences);
  let results = (outs NN_FloatTensor:$result, NN_FloatTensor:$gates, NN_FloatTensor:$cells,
                      NN_FloatTensor:$hidden);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    `params` `(` $params `` custom<OperandTypes>(ref($params), type($params)) `)` ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

def NN_LstmBackwardOp : NN_Function<"lstm_backward", ["getMultiplyAdds"]> {
  let summary = "The gradient of an LSTM layer with respect to its gates before activation";
  let description = [{
    Runs time backward. `grad` is the gradient of the layer's result: of all steps with `return_sequences`, else of the
    last one. The result has the shape of `gates`; the gradients of the layer's input and parameters are contractions
    of it over all steps at once.

    ```mlir
    // %dh: tensor<8x64x128xf32>
    // %gates: tensor<64x8x512xf32>
    // %cells: tensor<65x8x128xf32>
    // %recurrent: tensor<128x512xf32>
    %dz = nn.lstm_backward %dh, %gates, %cells, %recurrent {return_sequences}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$grad, NN_FloatTensor:$gates, NN_FloatTensor:$cells,
                       NN_FloatTensor:$recurrent_kernel, UnitAttr:$return_sequences);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $grad `` custom<OperandType>(ref($grad), type($grad)) `,`
    $gates `` custom<OperandType>(ref($gates), type($gates)) `,`
    $cells `` custom<OperandType>(ref($cells), type($cells)) `,`
    $recurrent_kernel `` custom<OperandType>(ref($recurrent_kernel), type($recurrent_kernel)) ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

#endif
