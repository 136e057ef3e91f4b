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
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_FloatTensor>:$params,
                       NN_PositiveAttr:$units,
                       OptionalAttr<NN_WordAttr>:$activation, DefaultValuedAttr<NN_FlagAttr, "true">:$use_bias,
                       OptionalAttr<NN_InitializerAttr>:$kernel_initializer,
                       OptionalAttr<NN_InitializerAttr>:$bias_initializer,
                       OptionalAttr<NN_RegularizerAttr>:$kernel_regularizer,
                       OptionalAttr<NN_RegularizerAttr>:$bias_regularizer,
                       DefaultValuedAttr<NN_FlagAttr, "true">:$trainable, OptionalAttr<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

#endif
