// What recurrent layers share: their attributes, their cells, and the ops that they are lowered to, which know a cell
// by its interface only.
#ifndef NN_RECURRENT_TD
#define NN_RECURRENT_TD

include "dialect/Layer.td"

/// One input [batch, time, features], one result: [batch, units], or with `return_sequences` [batch, time, units].
class NN_RecurrentLayer<string mnemonic, dag ownAttributes>
    : NN_Function<mnemonic, ["getParameterSpecs", "getMultiplyAdds", "getDepth"],
                  [AttrSizedOperandSegments,
                   DeclareOpInterfaceMethods<RandomOpInterface, ["getNumStreams"]>,
                   DeclareOpInterfaceMethods<TrainingOnlyOpInterface>]> {
  let arguments = !con(
      (ins NN_FloatTensor:$input, Variadic<NN_AddedTensor>:$params, Optional<NN_IndexTensor>:$mask,
           Variadic<NN_AddedScalar>:$key, NN_PositiveAttr:$units, UnitAttr:$return_sequences,
           NN_Default<NN_WordAttr, "\"forward\"", "; or reverse, bidirectional">:$direction,
           NN_Default<NN_WordAttr, "\"concat\"", "; of bidirectional also sum, mul, ave">:$merge_mode,
           NN_Default<NN_NumberAttr, "0.0", "; below 1">:$dropout,
           NN_Default<NN_NumberAttr, "0.0", "; below 1">:$recurrent_dropout,
           NN_Default<NN_FlagAttr, "true">:$use_bias),
      ownAttributes,
      (ins NN_Initializer<"glorot_uniform">:$kernel_initializer, NN_Initializer<"orthogonal">:$recurrent_initializer,
           NN_Initializer<"zeros">:$bias_initializer,
           NN_Optional<NN_RegularizerAttr>:$kernel_regularizer, NN_Optional<NN_RegularizerAttr>:$recurrent_regularizer,
           NN_Optional<NN_RegularizerAttr>:$bias_regularizer,
           NN_StreamAttr:$stream,
           NN_Default<NN_FlagAttr, "true">:$trainable, NN_Optional<NN_WordAttr>:$name));
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    (`params` `(` $params^ `` custom<OperandTypes>(ref($params), type($params)) `)`)?
    (`mask` `(` $mask^ `` custom<MaskType>(ref($mask), type($mask)) `)`)?
    (`key` `(` $key^ `` custom<OperandTypes>(ref($key), type($key)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor, 4>")
  }];
}

def NN_RecurrentCellAttr
    : NN_DescribedAttr<"::mlir::nn::RecurrentCellAttrInterface", "a cell such as #nn.lstm_cell">;

/// What the ops below have in common: the layer's operands, dropout as the factors that it made.
class NN_Recurrence<string mnemonic, list<string> layerMethods, list<Trait> traits>
    : NN_Function<mnemonic, layerMethods, traits # [AttrSizedOperandSegments]> {
  let opDocGroup = NN_CompilerGroup;
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_FloatTensor>:$params, Optional<NN_IndexTensor>:$mask,
                       Optional<NN_FloatTensor>:$scale, NN_RecurrentCellAttr:$cell, UnitAttr:$return_sequences,
                       UnitAttr:$reverse);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    `params` `(` $params `` custom<OperandTypes>(ref($params), type($params)) `)`
    (`mask` `(` $mask^ `` custom<MaskType>(ref($mask), type($mask)) `)`)?
    (`scale` `(` $scale^ `` custom<OptionalOperandType>(ref($scale), type($scale)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor, 4>")
  }];
}

def NN_RecurrentOp : NN_Recurrence<"recurrent", ["getMultiplyAdds", "getDepth"],
    [DeclareOpInterfaceMethods<DifferentiableOpInterface, ["isDifferentiableInput", "makeSavingForm"]>]> {
  let summary = "One direction of a recurrent layer";
  let description = [{
    Made of recurrent layers when they are lowered. Parameters: the kernel [features, gates · units], the recurrent
    kernel [units, gates · units] and, as an option, the bias, whose shape the cell decides. With `reverse` time runs
    backward; a sequence of outputs is in the order of the input all the same. In a step whose `mask` [batch, time],
    integers, is zero, a sample keeps its states. `scale` [batch, units] multiplies the outputs on their way into the
    recurrent kernel (recurrent dropout).

    ```mlir
    // %x: tensor<8x64x32xf32>
    // %kernel: tensor<32x512xf32>
    // %recurrent: tensor<128x512xf32>
    // %bias: tensor<512xf32>
    %h = nn.recurrent %x params(%kernel, %recurrent, %bias) {cell = #nn.lstm_cell, return_sequences}
    ```
  }];
  let results = (outs NN_FloatTensor:$result);
}

def NN_RecurrentTrainingOp : NN_Recurrence<"recurrent_training", ["getMultiplyAdds", "getDepth"],
    [DeclareOpInterfaceMethods<DifferentiableOpInterface, ["isDifferentiableInput"]>]> {
  let summary = "The same, keeping what its gradient reads";
  let description = [{
    Made of `nn.recurrent` by differentiation. Further results, those that the cell asks for, in this order: `gates`
    [time, batch, gates · units], the activated gates; `history` [time + 1, batch, units], a state before the first step
    and after each; `hidden` [time, batch, units], the output of every step, unless the history is that; `inner` [time,
    batch, units]. Time is that of the input; the state before the first step is `history[0]`, with `reverse`
    `history[time]`. Their batch is padded to whole blocks of rows (Recurrent.h).

    ```mlir
    // %x: tensor<8x64x32xf32>
    // %kernel: tensor<32x512xf32>
    // %recurrent: tensor<128x512xf32>
    // %bias: tensor<512xf32>
    %h, %gates, %cells, %hidden = nn.recurrent_training %x params(%kernel, %recurrent, %bias) {cell = #nn.lstm_cell}
    ```
  }];
  let results = (outs NN_FloatTensor:$result, Variadic<NN_FloatTensor>:$kept);
}

def NN_RecurrentBackwardOp : NN_Function<"recurrent_backward", ["getMultiplyAdds"], [AttrSizedOperandSegments]> {
  let opDocGroup = NN_CompilerGroup;
  let summary = "The gradient of a recurrent layer with respect to its gates before activation";
  let description = [{
    Runs the steps in the opposite order. `grad` is the gradient of the layer's result: of all steps with
    `return_sequences`, else of the last one; `kept` is what `nn.recurrent_training` kept. The result [time, batch,
    gates · units], batch padded, is the gradient of what the recurrent kernel gives to the gates; where a cell does not
    simply add the input's part to it, a second result is that of the input's part. The gradients of the layer's input
    and parameters are contractions of them over all steps at once.

    ```mlir
    // %dh: tensor<8x64x128xf32>
    // %recurrent: tensor<128x512xf32>
    // %gates: tensor<64x8x512xf32>
    // %cells: tensor<65x8x128xf32>
    // %hidden: tensor<64x8x128xf32>
    %dz = nn.recurrent_backward %dh, %recurrent kept(%gates, %cells, %hidden) {cell = #nn.lstm_cell, return_sequences}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$grad, NN_FloatTensor:$recurrent_kernel, Variadic<NN_FloatTensor>:$kept,
                       Optional<NN_IndexTensor>:$mask, Optional<NN_FloatTensor>:$scale, NN_RecurrentCellAttr:$cell,
                       UnitAttr:$return_sequences, UnitAttr:$reverse);
  let results = (outs Variadic<NN_FloatTensor>:$gradients);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $grad `` custom<OperandType>(ref($grad), type($grad)) `,`
    $recurrent_kernel `` custom<OperandType>(ref($recurrent_kernel), type($recurrent_kernel))
    `kept` `(` $kept `` custom<OperandTypes>(ref($kept), type($kept)) `)`
    (`mask` `(` $mask^ `` custom<MaskType>(ref($mask), type($mask)) `)`)?
    (`scale` `(` $scale^ `` custom<OptionalOperandType>(ref($scale), type($scale)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor, 5>")
  }];
}

#endif
