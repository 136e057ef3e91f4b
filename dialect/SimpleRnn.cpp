// The plain recurrent layer.
#include "dialect/RecurrentLayer.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult SimpleRnnOp::inferReturnTypes(MLIRContext *context, std::optional<Location> loc, ValueRange operands,
                                            DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                            SmallVectorImpl<Type> &results) {
  auto activation = attributes.getAs<StringAttr>("activation");
  if (activation && !SimpleRnnCellAttr::isActivation(activation.getValue()))
    return emitShapeError(loc, getOperationName(), attributes)
           << "got activation = " << activation.getValue() << ", takes tanh, relu, sigmoid or linear";
  return inferRecurrentLayer(loc, getOperationName(), operands, attributes, results);
}

NN_RECURRENT_LAYER(SimpleRnnOp, SimpleRnnCellAttr::get(getContext(), getActivation()), ZerosAttr::get(getContext()))
