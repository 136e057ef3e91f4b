// Layers that act in training only.
#ifndef NN_REGULARIZATION_TD
#define NN_REGULARIZATION_TD

include "dialect/Layer.td"

def NN_DropoutOp
    : NN_Function<"dropout", [],
                  [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                   DeclareOpInterfaceMethods<RandomOpInterface>, DeclareOpInterfaceMethods<TrainingOnlyOpInterface>]> {
  let summary = "In training, sets a share of the elements to zero and scales the others up";
  let description = [{
    Each element is dropped with probability `rate`, the others are multiplied by 1 / (1 - rate) (Srivastava et al.,
    2014). Outside training it is the identity. Whether an element is dropped follows from its sample and its position
    in the sample, the seed and the step; the mask is never stored.

    ```mlir
    %y = nn.dropout %x {rate = 0.5}
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Variadic<NN_I64Scalar>:$key, NN_NumberAttr:$rate,
                       DefaultValuedAttr<NN_WholeAttr, "0">:$stream, OptionalAttr<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    (`key` `(` $key^ `` custom<OperandTypes>(ref($key), type($key)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

#endif
