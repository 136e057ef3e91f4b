// Pooling over all of time.
#ifndef NN_POOLING_TD
#define NN_POOLING_TD

include "dialect/Layer.td"

/// [batch, time, features] → [batch, features], or with `keepdims` [batch, 1, features].
class NN_GlobalPooling<string mnemonic, list<Trait> traits = []>
    : NN_UnaryLayer<mnemonic, [], traits # [InferTypeOpAdaptor]> {
  let arguments = (ins NN_FloatTensor:$input, UnitAttr:$keepdims, NN_Optional<NN_WordAttr>:$name);
  let results = (outs NN_FloatTensor:$result);
  let extraClassDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(::mlir::MLIRContext *, ::std::optional<::mlir::Location> loc,
                                                      Adaptor adaptor, ::llvm::SmallVectorImpl<::mlir::Type> &results) {
      return inferOverTime(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), adaptor.getKeepdims(),
                           results);
    }
  }];
}

def NN_GlobalAveragePooling1dOp : NN_GlobalPooling<"global_average_pooling_1d"> {
  let summary = "The mean over time of each feature";
  let description = [{
    [batch, time, features] → [batch, features], or with `keepdims` [batch, 1, features]. Keras' GlobalAveragePooling1D.
    With a mask [batch, time], integers, it is the mean of the steps whose element is not zero (nn.padding_mask,
    nn.sequence_mask), and 0 where there are none.

    ```mlir
    // %x: tensor<?x64x32xf32>
    // %mask: tensor<?x64xi32>
    %y = nn.global_average_pooling_1d %x mask(%mask)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Optional<NN_IndexTensor>:$mask, UnitAttr:$keepdims,
                       NN_Optional<NN_WordAttr>:$name);
  let hasVerifier = 1;
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    (`mask` `(` $mask^ `` custom<MaskType>(ref($mask), type($mask)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

def NN_GlobalMaxPooling1dOp
    : NN_GlobalPooling<"global_max_pooling_1d", [DeclareOpInterfaceMethods<DifferentiableOpInterface>]> {
  let summary = "The largest value over time of each feature";
  let description = [{
    [batch, time, features] → [batch, features], or with `keepdims` [batch, 1, features]. Keras' GlobalMaxPooling1D.
    Where several steps have the largest value (relu makes many zeros), they share its gradient evenly, as in Keras on
    TensorFlow or JAX and in PyTorch's amax.

    ```mlir
    // %x: tensor<?x64x32xf32>
    %y = nn.global_max_pooling_1d %x {keepdims}
    ```
  }];
}

#endif
