// Activations: functions of one tensor that a layer's `activation` attribute may name.
#ifndef NN_ACTIVATIONS_TD
#define NN_ACTIVATIONS_TD

include "dialect/Layer.td"

/// Elementwise: the result has the input's type.
class NN_Activation<string mnemonic> : NN_UnaryLayer<mnemonic, [], [NN_ActivationTrait]> {
  let arguments = (ins NN_FloatTensor:$input);
  let results = (outs NN_FloatTensor:$result);
}

def NN_ReluOp : NN_Activation<"relu"> {
  let summary = "max(x, 0)";
}

#endif
