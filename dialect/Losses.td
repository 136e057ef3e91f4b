// Losses: scalar means over the valid samples of a batch.
#ifndef NN_LOSSES_TD
#define NN_LOSSES_TD

include "dialect/Layer.td"

/// A mean over samples of a function of predictions and targets.
class NN_SampleMean<string mnemonic, list<string> layerMethods = [], list<Trait> traits = []>
    : NN_Function<mnemonic, layerMethods, traits # [DeclareOpInterfaceMethods<MaskedOpInterface>]> {
  let results = (outs NN_Scalar:$result);
  let assemblyFormat = [{
    $predictions `,` $targets
    custom<OperandType>(ref($predictions), type($predictions)) custom<OperandType>(ref($targets), type($targets))
    (`valid` $valid^ custom<OptionalOperandType>(ref($valid), type($valid)))? custom<LayerAttributes>(attr-dict)
  }];
}

#endif
