// Errors of shape rules.
#include "dialect/ShapeRules.h"

using namespace mlir;
using namespace mlir::nn;

InFlightDiagnostic nn::emitShapeError(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes) {
  if (!loc)
    return InFlightDiagnostic();
  InFlightDiagnostic diagnostic = emitError(*loc) << "'" << layer << "'";
  if (auto name = attributes ? attributes.getAs<StringAttr>("name") : StringAttr())
    diagnostic << " (" << name.getValue() << ")";
  diagnostic << ": ";
  return diagnostic;
}

FailureOr<RankedTensorType> nn::checkInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                           Value value, int64_t minRank, int64_t maxRank) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < minRank || type.getRank() > maxRank) {
    InFlightDiagnostic error = emitShapeError(loc, layer, attributes);
    error << "got " << value.getType() << ", takes a tensor of rank " << minRank;
    if (maxRank == INT64_MAX)
      error << " or more";
    else if (maxRank > minRank)
      error << " to " << maxRank;
    return failure();
  }
  for (int64_t size : type.getShape().drop_front())
    if (ShapedType::isDynamic(size) || size == 0) {
      emitShapeError(loc, layer, attributes)
          << "got " << type << ", takes a tensor whose dimensions after the batch are static and not zero";
      return failure();
    }
  return type;
}
