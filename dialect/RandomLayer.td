// What layers share that change elements by random numbers in training and are the identity otherwise.
#ifndef NN_RANDOMLAYER_TD
#define NN_RANDOMLAYER_TD

include "dialect/Layer.td"

/// One float input, the result has its type. `setting` is the attribute that says how strong it is. Numbers follow from a
/// sample, an element's place in it, the seed and the step; they are never stored.
class NN_RandomLayer<string mnemonic, dag setting>
    : NN_Function<mnemonic, [],
                  [InferTypeOpAdaptor, DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                   DeclareOpInterfaceMethods<RandomOpInterface>, DeclareOpInterfaceMethods<TrainingOnlyOpInterface>]> {
  let arguments = !con((ins NN_FloatTensor:$input, Variadic<NN_AddedScalar>:$key), setting,
                       (ins NN_StreamAttr:$stream, NN_Optional<NN_WordAttr>:$name));
  let results = (outs NN_FloatTensor:$result);
  let extraClassDefinition = [{
    ::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>> $cppClass::buildInferenceForm(::mlir::OpBuilder &) {
      return ::llvm::SmallVector<::mlir::Value>{getInput()};
    }
  }];
  let assemblyFormat = [{
    $input `` custom<OperandType>(ref($input), type($input))
    (`key` `(` $key^ `` custom<OperandTypes>(ref($key), type($key)) `)`)? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

#endif
