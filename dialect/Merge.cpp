// Add and concat: lowerings and gradients.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

/// Two or more inputs of one element type; the first one's type.
static FailureOr<RankedTensorType> checkInputs(std::optional<Location> loc, StringRef op, DictionaryAttr attributes,
                                               ValueRange inputs, int64_t minRank) {
  if (inputs.size() < 2)
    return emitShapeError(loc, op, attributes) << "got " << inputs.size() << " inputs, takes two or more";
  Type element = getElementTypeOrSelf(inputs[0].getType());
  for (Value input : inputs) {
    if (failed(checkInput(loc, op, attributes, input, minRank)))
      return failure();
    if (getElementTypeOrSelf(input.getType()) != element)
      return emitShapeError(loc, op, attributes)
             << "got " << inputs[0].getType() << " and " << input.getType() << ", takes inputs of one element type";
  }
  return cast<RankedTensorType>(inputs[0].getType());
}

//===----------------------------------------------------------------------===//
// nn.add
//===----------------------------------------------------------------------===//

LogicalResult AddOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &results) {
  ValueRange inputs = adaptor.getInputs();
  FailureOr<RankedTensorType> first = checkInputs(loc, getOperationName(), adaptor.getAttributes(), inputs, 0);
  if (failed(first))
    return failure();
  for (Type type : inputs.getTypes())
    if (type != *first)
      return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
             << "got " << *first << " and " << type << ", takes inputs of one shape";
  results.push_back(*first);
  return success();
}

FailureOr<SmallVector<Value>> AddOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  return SmallVector<Value>{mapElements(b, type, getInputs(), [](ImplicitLocOpBuilder &b, ValueRange args) {
    Value sum = args[0];
    for (Value next : args.drop_front())
      sum = arith::AddFOp::create(b, sum, next);
    return sum;
  })};
}

SmallVector<Value> AddOp::getSavedValues() { return {}; }

FailureOr<SmallVector<Value>> AddOp::buildAdjoint(OpBuilder &, ValueRange, ArrayRef<Value> resultGrads,
                                                  ArrayRef<bool> wanted) {
  return llvm::map_to_vector(wanted, [&](bool isWanted) { return isWanted ? resultGrads[0] : Value(); });
}

//===----------------------------------------------------------------------===//
// nn.concat
//===----------------------------------------------------------------------===//

/// The dimension that `axis` names; negative ones count from the end.
static int64_t getDimension(int64_t axis, int64_t rank) { return axis < 0 ? axis + rank : axis; }

LogicalResult ConcatOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                         SmallVectorImpl<Type> &results) {
  ValueRange inputs = adaptor.getInputs();
  DictionaryAttr attributes = adaptor.getAttributes();
  FailureOr<RankedTensorType> first = checkInputs(loc, getOperationName(), attributes, inputs, 2);
  if (failed(first))
    return failure();
  int64_t axis = adaptor.getAxis(), dim = getDimension(axis, first->getRank());
  if (dim <= 0 || dim >= first->getRank())
    return emitShapeError(loc, getOperationName(), attributes)
           << "got axis = " << axis << " and " << *first << ", takes an axis of the input other than the batch";
  SmallVector<int64_t> shape(first->getShape());
  shape[dim] = 0;
  for (Type type : inputs.getTypes()) {
    auto input = cast<RankedTensorType>(type);
    SmallVector<int64_t> expected(first->getShape());
    if (input.getRank() == first->getRank())
      expected[dim] = input.getDimSize(dim);
    if (input.getShape() != ArrayRef(expected))
      return emitShapeError(loc, getOperationName(), attributes)
             << "got " << *first << " and " << input << ", takes inputs whose shapes agree but for dimension " << dim;
    if (llvm::AddOverflow(shape[dim], input.getDimSize(dim), shape[dim]))
      return emitShapeError(loc, getOperationName(), attributes) << "makes a dimension that 63 bits cannot count";
  }
  results.push_back(RankedTensorType::get(shape, first->getElementType()));
  return success();
}

/// Where each input lies in the result.
static SmallVector<SmallVector<OpFoldResult>> getOffsets(OpBuilder &b, ValueRange inputs, int64_t dim) {
  SmallVector<SmallVector<OpFoldResult>> all;
  int64_t offset = 0;
  for (Type type : inputs.getTypes()) {
    auto input = cast<RankedTensorType>(type);
    SmallVector<OpFoldResult> offsets(input.getRank(), b.getIndexAttr(0));
    offsets[dim] = b.getIndexAttr(offset);
    offset += input.getDimSize(dim);
    all.push_back(offsets);
  }
  return all;
}

FailureOr<SmallVector<Value>> ConcatOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  Value result = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
  int64_t dim = getDimension(getAxis(), type.getRank());
  for (auto [input, offsets] : llvm::zip(getInputs(), getOffsets(b, getInputs(), dim)))
    result =
        tensor::InsertSliceOp::create(b, input, result, offsets, tensor::getMixedSizes(b, getLoc(), input), strides);
  return SmallVector<Value>{result};
}

std::optional<int64_t> ConcatOp::getIndexBound(unsigned) { return getBoundOfUsers(getResult()); }

SmallVector<Value> ConcatOp::getSavedValues() { return {}; }

FailureOr<SmallVector<Value>> ConcatOp::buildAdjoint(OpBuilder &builder, ValueRange, ArrayRef<Value> resultGrads,
                                                     ArrayRef<bool> wanted) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  int64_t rank = cast<RankedTensorType>(getType()).getRank(), dim = getDimension(getAxis(), rank);
  SmallVector<OpFoldResult> strides(rank, b.getIndexAttr(1));
  SmallVector<Value> gradients;
  for (auto [input, offsets, isWanted] : llvm::zip(getInputs(), getOffsets(b, getInputs(), dim), wanted))
    gradients.push_back(isWanted ? tensor::ExtractSliceOp::create(b, resultGrads[0], offsets,
                                                                  tensor::getMixedSizes(b, getLoc(), input), strides)
                                       .getResult()
                                 : Value());
  return gradients;
}
