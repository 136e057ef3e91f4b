// RMSprop, with momentum and centred.
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult RmsPropAttr::verify(EmitError emitError, Rate lr, Number rho, Number momentum, Number epsilon,
                                  bool centered, std::optional<Number> clipvalue, std::optional<Number> clipnorm,
                                  std::optional<Number> globalClipnorm) {
  return success(succeeded(verifyCommon(emitError, "rmsprop", lr, {clipvalue, clipnorm, globalClipnorm})) &&
                 succeeded(verifyDecayRate(emitError, "rmsprop", "rho", rho)) &&
                 succeeded(verifyMomentum(emitError, "rmsprop", momentum)) &&
                 succeeded(verifyPositive(emitError, "rmsprop", "epsilon", epsilon)));
}

/// Not `v` as Adam's, so that no checkpoint of one is taken for one of the other.
SmallVector<SlotSpec> RmsPropAttr::getSlots(RankedTensorType parameter) const {
  SmallVector<SlotSpec> slots = {{"s", parameter}};
  if (getMomentum().value != 0.0)
    slots.push_back({"m", parameter});
  if (getCentered())
    slots.push_back({"g", parameter});
  return slots;
}

/// s = ρ·s + (1 - ρ)·g², c = lr·g / sqrt(s + ε), or centred: a = ρ·a + (1 - ρ)·g, c = lr·g / sqrt(s - a² + ε). Then
/// p -= c, or with momentum: m = momentum·m + c, p -= m.
SmallVector<Value> RmsPropAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                            ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Type type = getElementTypeOrSelf(parameter);
  SmallVector<Value> outs = {parameter};
  llvm::append_range(outs, slots);
  return updateInPlace(
      b, gradient, {makeScalarTensor(b, learningRate, type)}, outs,
      [&](ImplicitLocOpBuilder &b, Value g, ValueRange scalars, ValueRange state) -> SmallVector<Value> {
        auto mean = [&](Value before, Value value) {
          return add(b, mul(b, before, constant(b, type, getRho().value)),
                     mul(b, value, constant(b, type, 1.0 - getRho().value)));
        };
        Value squares = mean(state[1], mul(b, g, g));
        SmallVector<Value> results = {state[0], squares};
        Value denominator = squares, average;
        if (getCentered()) {
          average = mean(state.back(), g);
          denominator = sub(b, denominator, mul(b, average, average));
        }
        denominator = math::SqrtOp::create(b, add(b, denominator, constant(b, type, getEpsilon().value)));
        Value change = div(b, mul(b, g, scalars[0]), denominator);
        if (getMomentum().value != 0.0) {
          change = add(b, mul(b, state[2], constant(b, type, getMomentum().value)), change);
          results.push_back(change);
        }
        if (getCentered())
          results.push_back(average);
        results[0] = sub(b, state[0], change);
        return results;
      });
}
