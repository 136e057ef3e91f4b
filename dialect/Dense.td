// The dense (fully connected) layer.
#ifndef NN_DENSE_TD
#define NN_DENSE_TD

include "dialect/Layer.td"

def NN_DenseOp : NN_ParametricLayer<"dense", [], [NN_ActivatedResultTrait]> {
  let summary = "A fully connected layer: x · kernel + bias";
  let description = [{
    Applies to the last dimension of an input of rank ≥ 2, as Keras' Dense does: [..., n] → [..., units]. Parameters:
    `kernel` [n, units] and, unless `use_bias = false`, `bias` [units].

    ```mlir
    %y = nn.dense %x {units = 10, activation = softmax}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_AddedTensor>:$params,
                       NN_PositiveAttr:$units,
                       NN_Optional<NN_WordAttr, "optional: an activation such as relu or softmax">:$activation, NN_Default<NN_FlagAttr, "true">:$use_bias,
                       NN_Initializer<"glorot_uniform">:$kernel_initializer,
                       NN_Initializer<"zeros">:$bias_initializer,
                       NN_Optional<NN_RegularizerAttr>:$kernel_regularizer,
                       NN_Optional<NN_RegularizerAttr>:$bias_regularizer,
                       NN_Default<NN_FlagAttr, "true">:$trainable, NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

#endif
