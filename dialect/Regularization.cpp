// Dropout: the mask is a function of the key and the element's place in its sample, so it is recomputed, never stored.
#include "dialect/Layer.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult DropoutOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                          SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> input =
      checkInput(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1);
  if (failed(input))
    return failure();
  double rate = adaptor.getRate();
  if (!(rate >= 0.0 && rate < 1.0))
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "got rate = " << adaptor.getRateAttr() << ", takes a number from 0 to below 1";
  results.push_back(*input);
  return success();
}

LogicalResult DropoutOp::verify() {
  if (!getKey().empty() && getKey().size() != 2)
    return emitOpError() << "takes a key of two values, the seed and the step, not " << getKey().size();
  return success();
}

/// x / (1 - rate) where the element is kept, else 0.
static Value dropElements(ImplicitLocOpBuilder &b, Value input, ValueRange key, double rate, int64_t stream) {
  auto type = cast<RankedTensorType>(input.getType());
  Value streamValue = arith::ConstantIntOp::create(b, stream, 64);
  // Words below the threshold are dropped: a share of `rate` to within 2^-32.
  auto threshold = static_cast<int64_t>(std::min(std::ldexp(rate, 32), 4294967295.0));
  double scale = 1.0 / (1.0 - rate);
  return mapElements(b, type, {input, key[0], key[1]}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    auto toI64 = [&](Value index) -> Value { return arith::IndexCastOp::create(b, b.getI64Type(), index); };
    Value sample = toI64(linalg::IndexOp::create(b, 0));
    Value feature = arith::ConstantIntOp::create(b, 0, 64);
    for (int64_t dim = 1; dim < type.getRank(); ++dim) {
      Value size = arith::ConstantIntOp::create(b, type.getDimSize(dim), 64);
      Value index = toI64(linalg::IndexOp::create(b, dim));
      feature = dim == 1 ? index : arith::AddIOp::create(b, arith::MulIOp::create(b, feature, size), index).getResult();
    }
    Value word = PhiloxOp::create(b, args[1], feature, sample, args[2], streamValue).getR0();
    Value limit = arith::ConstantOp::create(b, b.getIntegerAttr(b.getI32Type(), static_cast<int32_t>(threshold)));
    Value kept = arith::CmpIOp::create(b, arith::CmpIPredicate::uge, word, limit);
    Value scaled = arith::MulFOp::create(b, args[0], constant(b, args[0].getType(), scale));
    return arith::SelectOp::create(b, kept, scaled, constant(b, args[0].getType(), 0.0));
  });
}

FailureOr<SmallVector<Value>> DropoutOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  if (getRate() == 0.0)
    return SmallVector<Value>{getInput()};
  if (getKey().empty())
    return emitOpError() << "has no key to draw random numbers with; steps get theirs from --nn-build-entries";
  return SmallVector<Value>{dropElements(b, getInput(), getKey(), getRate(), getStream())};
}

SmallVector<Value> DropoutOp::getSavedValues() { return llvm::to_vector(getKey()); }

FailureOr<SmallVector<Value>> DropoutOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool> wanted) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  SmallVector<Value> gradients(getNumOperands());
  if (wanted[0])
    gradients[0] = getRate() == 0.0 ? resultGrads[0] : dropElements(b, resultGrads[0], saved, getRate(), getStream());
  return gradients;
}

FailureOr<SmallVector<Value>> DropoutOp::buildInferenceForm(OpBuilder &) { return SmallVector<Value>{getInput()}; }
