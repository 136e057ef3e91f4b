// The GRU layer.
#include "dialect/RecurrentLayer.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult GruOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                      DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                      SmallVectorImpl<Type> &results) {
  return inferRecurrentLayer(loc, getOperationName(), operands, attributes, results);
}

NN_RECURRENT_LAYER(GruOp, GruCellAttr::get(getContext(), getResetAfter()), ZerosAttr::get(getContext()))
