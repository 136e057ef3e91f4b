// What losses and metrics share: scalar means over the valid samples of a batch.
#ifndef NN_SAMPLEMEAN_TD
#define NN_SAMPLEMEAN_TD

include "dialect/Layer.td"

def NN_LossTrait : NativeOpTrait<"Loss"> { let cppNamespace = "::mlir::nn"; }
def NN_ScoreTrait : NativeOpTrait<"Score"> { let cppNamespace = "::mlir::nn"; }

/// A mean over samples of a function of predictions and targets. `options` are attributes beside the name.
class NN_SampleMean<string mnemonic, TypeConstraint target = NN_FloatTensor, dag options = (ins),
                    list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, layerMethods, traits # [DeclareOpInterfaceMethods<MaskedOpInterface>]> {
  let arguments = !con((ins NN_FloatTensor:$predictions, target:$targets, Optional<NN_AddedScalar>:$valid), options,
                       (ins NN_Optional<NN_WordAttr>:$name));
  let results = (outs NN_Scalar:$result);
  let opDocGroup = NN_LossGroup;
  let assemblyFormat = [{
    $predictions `,` $targets ``
    custom<OperandType>(ref($predictions), type($predictions)) ``
    custom<OperandType>(ref($targets), type($targets))
    (`valid` $valid^ `` custom<OptionalOperandType>(ref($valid), type($valid)))? ``
    custom<LayerAttributes>(attr-dict, "getOperationName()", "::mlir::nn::verifyAttributes<Adaptor>")
  }];
}

/// A loss whose gradient is derived by hand, and that has a more stable form with what makes its predictions.
class NN_Crossentropy<string mnemonic, TypeConstraint target = NN_FloatTensor, list<string> layerMethods = [],
                      list<Trait> traits = []>
    : NN_SampleMean<mnemonic, target,
                    (ins UnitAttr:$from_logits, NN_Default<NN_NumberAttr, "0.0">:$label_smoothing), layerMethods,
                    [DeclareOpInterfaceMethods<DifferentiableOpInterface>,
                     DeclareOpInterfaceMethods<StabilizableOpInterface>, NN_LossTrait] # traits>;

#endif
