// Adagrad.
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult AdagradAttr::verify(EmitError emitError, Rate lr, Number initialAccumulatorValue, Number epsilon,
                                  std::optional<Number> clipvalue, std::optional<Number> clipnorm,
                                  std::optional<Number> globalClipnorm) {
  return success(
      succeeded(verifyCommon(emitError, "adagrad", lr, {clipvalue, clipnorm, globalClipnorm})) &&
      succeeded(verifyNotNegative(emitError, "adagrad", "initial_accumulator_value", initialAccumulatorValue)) &&
      succeeded(verifyPositive(emitError, "adagrad", "epsilon", epsilon)));
}

SmallVector<SlotSpec> AdagradAttr::getSlots(RankedTensorType parameter) const {
  return {{"a", parameter, ConstantAttr::get(getContext(), getInitialAccumulatorValue())}};
}

/// a += g², p -= lr·g / sqrt(a + ε).
SmallVector<Value> AdagradAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                            ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Type type = getElementTypeOrSelf(parameter);
  return updateInPlace(
      b, gradient, {makeScalarTensor(b, learningRate, type)}, {parameter, slots[0]},
      [&](ImplicitLocOpBuilder &b, Value g, ValueRange scalars, ValueRange state) -> SmallVector<Value> {
        Value sum = add(b, state[1], mul(b, g, g));
        Value root = math::SqrtOp::create(b, add(b, sum, constant(b, type, getEpsilon().value)));
        return {sub(b, state[0], div(b, mul(b, g, scalars[0]), root)), sum};
      });
}
