// The dense (fully connected) layer.
#ifndef NN_DENSE_TD
#define NN_DENSE_TD

include "dialect/Layer.td"

def NN_DenseOp : NN_ParametricLayer<"dense"> {
  let summary = "A fully connected layer: x · kernel + bias";
  let description = [{
    Applies to the last dimension of an input of rank ≥ 2, as Keras' Dense does: [..., n] → [..., units]. Parameters:
    `kernel` [n, units] and, unless `use_bias = false`, `bias` [units].

    ```mlir
    %y = nn.dense %x {units = 10, activation = softmax}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_FloatTensor>:$params,
                       ConfinedAttr<I64Attr, [IntPositive]>:$units,
                       OptionalAttr<StrAttr>:$activation, DefaultValuedAttr<BoolAttr, "true">:$use_bias,
                       OptionalAttr<AnyAttr>:$kernel_initializer, OptionalAttr<AnyAttr>:$bias_initializer,
                       OptionalAttr<AnyAttr>:$kernel_regularizer, OptionalAttr<AnyAttr>:$bias_regularizer,
                       DefaultValuedAttr<BoolAttr, "true">:$trainable, OptionalAttr<StrAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
}

#endif
