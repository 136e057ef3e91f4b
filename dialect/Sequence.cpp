// Masks of sequences.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

/// One as `condition` says, else zero, of an integer type.
static Value toFlag(ImplicitLocOpBuilder &b, Type type, Value condition) {
  Value one = arith::ConstantOp::create(b, b.getIntegerAttr(type, 1));
  Value zero = arith::ConstantOp::create(b, b.getIntegerAttr(type, 0));
  return arith::SelectOp::create(b, condition, one, zero);
}

//===----------------------------------------------------------------------===//
// nn.padding_mask
//===----------------------------------------------------------------------===//

LogicalResult PaddingMaskOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                              SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input =
      checkInput(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 2, 2);
  if (failed(input))
    return failure();
  results.push_back(*input);
  return success();
}

FailureOr<SmallVector<Value>> PaddingMaskOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  return SmallVector<Value>{mapElements(b, type, getInput(), [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value padding = arith::ConstantOp::create(b, b.getIntegerAttr(args[0].getType(), getPadding()));
    Value isToken = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, args[0], padding);
    return toFlag(b, args[0].getType(), isToken);
  })};
}

//===----------------------------------------------------------------------===//
// nn.sequence_mask
//===----------------------------------------------------------------------===//

LogicalResult SequenceMaskOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                               SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input =
      checkInput(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1, 1);
  if (failed(input))
    return failure();
  results.push_back(RankedTensorType::get({input->getDimSize(0), static_cast<int64_t>(adaptor.getMaxlen())},
                                          input->getElementType()));
  return success();
}

FailureOr<SmallVector<Value>> SequenceMaskOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  AffineMap samples = b.getMultiDimIdentityMap(2).dropResult(1);
  return SmallVector<Value>{mapElements(b, type, getInput(), {samples}, [&](ImplicitLocOpBuilder &b, ValueRange args) {
    Value step = arith::IndexCastOp::create(b, args[0].getType(), linalg::IndexOp::create(b, 1));
    return toFlag(b, args[0].getType(), arith::CmpIOp::create(b, arith::CmpIPredicate::slt, step, args[0]));
  })};
}
