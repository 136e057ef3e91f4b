// Flatten and reshape: the same elements in the same order.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

/// Shows `value`'s elements in the shape of `type`; both have the batch as their first dimension.
static Value reshapeSamples(ImplicitLocOpBuilder &b, Value value, RankedTensorType type) {
  auto from = cast<RankedTensorType>(value.getType());
  if (from == type)
    return value;
  auto rows =
      RankedTensorType::get({from.getDimSize(0), from.getNumElements() / from.getDimSize(0)}, from.getElementType());
  /// (d0), (d1, ..., d_rank-1)
  auto groups = [](int64_t rank) {
    SmallVector<ReassociationIndices> groups(2);
    groups[0].push_back(0);
    for (int64_t dim = 1; dim < rank; ++dim)
      groups[1].push_back(dim);
    return groups;
  };
  // A sample without dimensions is a row of one element.
  SmallVector<ReassociationIndices> scalars = {{0, 1}};
  if (from.getRank() == 1)
    value = tensor::ExpandShapeOp::create(b, rows, value, scalars);
  else if (from.getRank() > 2)
    value = tensor::CollapseShapeOp::create(b, rows, value, groups(from.getRank()));
  if (type.getRank() == 1)
    return tensor::CollapseShapeOp::create(b, type, value, scalars);
  if (type.getRank() > 2)
    return tensor::ExpandShapeOp::create(b, type, value, groups(type.getRank()));
  return value;
}

//===----------------------------------------------------------------------===//
// nn.flatten
//===----------------------------------------------------------------------===//

LogicalResult FlattenOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input =
      checkInput(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1);
  if (failed(input))
    return failure();
  int64_t features = countElements(input->getShape().drop_front());
  results.push_back(RankedTensorType::get({input->getDimSize(0), features}, input->getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> FlattenOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{reshapeSamples(b, getInput(), cast<RankedTensorType>(getType()))};
}

std::optional<int64_t> FlattenOp::getIndexBound(unsigned) { return getBoundOfUsers(getResult()); }

SmallVector<Value> FlattenOp::getSavedValues() { return {}; }

FailureOr<SmallVector<Value>> FlattenOp::buildAdjoint(OpBuilder &builder, ValueRange, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool>) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{reshapeSamples(b, resultGrads[0], cast<RankedTensorType>(getInput().getType()))};
}

//===----------------------------------------------------------------------===//
// nn.reshape
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  DictionaryAttr attributes = adaptor.getAttributes();
  FailureOr<RankedTensorType> input = checkInput(loc, getOperationName(), attributes, adaptor.getInput(), 1);
  if (failed(input))
    return failure();
  SmallVector<int64_t> shape = {input->getDimSize(0)};
  int64_t features = countElements(input->getShape().drop_front()), known = 1, open = 0;
  for (auto size : adaptor.getShape().getAsRange<IntegerAttr>()) {
    shape.push_back(size.getInt());
    if (size.getInt() == -1) {
      ++open;
      continue;
    }
    if (size.getInt() <= 0)
      return emitShapeError(loc, getOperationName(), attributes)
             << "got shape = " << adaptor.getShape() << ", takes positive sizes, one of which may be -1";
    if (llvm::MulOverflow(known, size.getInt(), known))
      return emitShapeError(loc, getOperationName(), attributes)
             << "got shape = " << adaptor.getShape() << ", which has more elements than 63 bits can count";
  }
  if (open > 1)
    return emitShapeError(loc, getOperationName(), attributes)
           << "got shape = " << adaptor.getShape() << ", in which more than one size is -1";
  if (open == 1 ? features % known != 0 : features != known)
    return emitShapeError(loc, getOperationName(), attributes)
           << "got " << *input << ", " << features
           << " elements a sample, which do not make shape = " << adaptor.getShape();
  llvm::replace(shape, int64_t(-1), features / known);
  results.push_back(RankedTensorType::get(shape, input->getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> ReshapeOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{reshapeSamples(b, getInput(), cast<RankedTensorType>(getType()))};
}

std::optional<int64_t> ReshapeOp::getIndexBound(unsigned) { return getBoundOfUsers(getResult()); }

SmallVector<Value> ReshapeOp::getSavedValues() { return {}; }

FailureOr<SmallVector<Value>> ReshapeOp::buildAdjoint(OpBuilder &builder, ValueRange, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool>) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{reshapeSamples(b, resultGrads[0], cast<RankedTensorType>(getInput().getType()))};
}
