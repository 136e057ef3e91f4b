// Gaussian noise: shape rule, lowering and gradient.
#include "dialect/RandomLayer.h"
#include "dialect/RandomNumbers.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult GaussianNoiseOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                                SmallVectorImpl<Type> &results) {
  double stddev = adaptor.getStddev();
  if (!(stddev >= 0.0 && stddev <= 1.0))
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "got stddev = " << formatAttribute(adaptor.getStddevAttr()) << ", takes a number from 0 to 1";
  return inferSameType(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1, results);
}

FailureOr<SmallVector<Value>> GaussianNoiseOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  double stddev = getStddev();
  if (stddev == 0.0)
    return SmallVector<Value>{getInput()};
  if (failed(checkHasKey(*this, getKey())))
    return failure();
  return SmallVector<Value>{mapRandom(
      b, getInput(), getKey(), getStream(), [=](ImplicitLocOpBuilder &b, Value element, ValueRange words) -> Value {
        Type type = element.getType();
        Value normal = standardNormal(b, type, words[0], words[1]);
        return arith::AddFOp::create(b, element, arith::MulFOp::create(b, normal, constant(b, type, stddev)));
      })};
}

SmallVector<Value> GaussianNoiseOp::getSavedValues() { return {}; }

FailureOr<SmallVector<Value>> GaussianNoiseOp::buildAdjoint(OpBuilder &, ValueRange, ArrayRef<Value> resultGrads,
                                                            ArrayRef<bool>) {
  SmallVector<Value> gradients(getNumOperands());
  gradients[0] = resultGrads[0];
  return gradients;
}
