// Regularisers: penalties on parameters, differentiated with the loss they are added to.
#ifndef NN_REGULARIZERS_TD
#define NN_REGULARIZERS_TD

include "dialect/NNDialect.td"
include "dialect/Interfaces.td"

class NN_Regularizer<string name, string mnemonic>
    : NN_Attr<name, mnemonic, [DeclareAttrInterfaceMethods<RegularizerAttrInterface>]> {
  let parameters = (ins NN_Number<"0.01", "weight of the penalty in the loss">:$factor);
  let assemblyFormat = "(`<` $factor^ `>`)?";
  let description = "The factor alone is written: `#nn." # mnemonic # "<0.001>`.";
  let genVerifyDecl = 1;
}
def NN_L1 : NN_Regularizer<"L1", "l1"> { let summary = "factor · Σ|w|"; }
def NN_L2 : NN_Regularizer<"L2", "l2"> { let summary = "factor · Σw²"; }

#endif
