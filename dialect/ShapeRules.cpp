// Errors of shape rules.
#include "dialect/ShapeRules.h"

using namespace mlir;
using namespace mlir::nn;

ShapeError nn::emitShapeError(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes) {
  if (!loc)
    return ShapeError();
  InFlightDiagnostic diagnostic = emitError(*loc) << "'" << layer << "'";
  if (auto name = attributes ? attributes.getAs<StringAttr>("name") : StringAttr())
    diagnostic << " (" << name.getValue() << ")";
  diagnostic << ": ";
  return ShapeError(std::move(diagnostic));
}

int64_t nn::countElements(ArrayRef<int64_t> sizes) {
  int64_t count = 1;
  for (int64_t size : sizes)
    if (!ShapedType::isDynamic(size) && llvm::MulOverflow(count, size, count))
      return INT64_MAX;
  return count;
}

bool nn::mayBeEqual(ArrayRef<int64_t> left, ArrayRef<int64_t> right) {
  return left.size() == right.size() && llvm::all_of(llvm::zip(left, right), [](auto pair) {
           auto [a, b] = pair;
           return a == b || ShapedType::isDynamic(a) || ShapedType::isDynamic(b);
         });
}

/// Whether a layer could return all steps of its input, and does not.
static bool returnsLastStepAlone(Operation *layer) {
  constexpr StringLiteral key = "return_sequences";
  std::optional<RegisteredOperationName> op = layer ? layer->getRegisteredInfo() : std::nullopt;
  return op && !layer->hasAttr(key) &&
         llvm::any_of(op->getAttributeNames(), [&](StringAttr name) { return name.getValue() == key; });
}

FailureOr<RankedTensorType> nn::checkInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                           Value value, int64_t minRank, int64_t maxRank) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < minRank || type.getRank() > maxRank) {
    ShapeError error = emitShapeError(loc, layer, attributes);
    error << "got " << value.getType() << ", takes a tensor of rank " << minRank;
    if (maxRank == INT64_MAX)
      error << " or more";
    else if (maxRank > minRank)
      error << " to " << maxRank;
    if (type && type.getRank() < minRank && returnsLastStepAlone(value.getDefiningOp()))
      error << "; the '" << value.getDefiningOp()->getName() << "' that makes it returns all steps with "
            << "`return_sequences`";
    return failure();
  }
  if (type.getEncoding())
    return emitShapeError(loc, layer, attributes) << "got " << type << ", takes a tensor without an encoding";
  for (auto [index, size] : llvm::enumerate(type.getShape()))
    if (size == 0 || (ShapedType::isDynamic(size) && index > 0))
      return emitShapeError(loc, layer, attributes)
             << "got " << type << ", takes a tensor whose dimensions after the batch are static, and none of them zero";
  if (countElements(type.getShape()) == INT64_MAX)
    return emitShapeError(loc, layer, attributes) << "got " << type << ", more elements than 63 bits can count";
  return type;
}

FailureOr<RankedTensorType> nn::checkFloatInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                                Value value, int64_t minRank, int64_t maxRank) {
  FailureOr<RankedTensorType> type = checkInput(loc, layer, attributes, value, minRank, maxRank);
  if (succeeded(type) && !isa<Float32Type, Float64Type>(type->getElementType()))
    return emitShapeError(loc, layer, attributes) << "got " << *type << ", takes a tensor of f32 or f64";
  return type;
}

LogicalResult nn::inferSameType(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Value value,
                                int64_t minRank, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> type = checkFloatInput(loc, layer, attributes, value, minRank);
  if (failed(type))
    return failure();
  results.push_back(*type);
  return success();
}

LogicalResult nn::inferOverTime(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Value value,
                                bool keepTime, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> type = checkFloatInput(loc, layer, attributes, value, 3, 3);
  if (failed(type))
    return failure();
  SmallVector<int64_t> shape = {type->getDimSize(0), type->getDimSize(2)};
  if (keepTime)
    shape.insert(shape.begin() + 1, 1);
  results.push_back(RankedTensorType::get(shape, type->getElementType()));
  return success();
}

std::optional<int64_t> nn::getBoundOfUsers(Value value) {
  std::optional<int64_t> bound;
  for (OpOperand &use : value.getUses())
    if (auto layer = dyn_cast<LayerOpInterface>(use.getOwner()))
      if (std::optional<int64_t> limit = layer.getIndexBound(use.getOperandNumber()))
        bound = std::min(bound.value_or(*limit), *limit);
  return bound;
}
