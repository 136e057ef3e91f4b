// The LSTM layer.
#include "dialect/RecurrentLayer.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult LstmOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                       DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                       SmallVectorImpl<Type> &results) {
  auto forget = attributes.getAs<BoolAttr>("unit_forget_bias");
  if (attributes.get("bias_initializer") && (!forget || forget.getValue()))
    return emitShapeError(loc, getOperationName(), attributes)
           << "takes `bias_initializer` only with `unit_forget_bias = false`, which else sets the bias";
  return inferRecurrentLayer(loc, getOperationName(), operands, attributes, results);
}

static Attribute getDefaultBias(LstmOp op) {
  if (op.getUnitForgetBias())
    return UnitForgetBiasAttr::get(op.getContext());
  return ZerosAttr::get(op.getContext());
}

NN_RECURRENT_LAYER(LstmOp, LstmCellAttr::get(getContext()), getDefaultBias(*this))
