// SGD, with momentum and Nesterov's form.
#include "dialect/OptimizerParts.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult SgdAttr::verify(EmitError emitError, Rate lr, Number momentum, bool nesterov,
                              std::optional<Number> clipvalue, std::optional<Number> clipnorm,
                              std::optional<Number> globalClipnorm) {
  if (failed(verifyCommon(emitError, "sgd", lr, {clipvalue, clipnorm, globalClipnorm})) ||
      failed(verifyMomentum(emitError, "sgd", momentum)))
    return failure();
  if (nesterov && momentum.value == 0.0)
    return emitError() << "sgd: nesterov takes a momentum above 0";
  return success();
}

SmallVector<SlotSpec> SgdAttr::getSlots(RankedTensorType parameter) const {
  if (getMomentum().value == 0.0)
    return {};
  return {{"m", parameter}};
}

/// p -= lr·g, or with momentum: m = momentum·m - lr·g, then p += m, or in Nesterov's form p += momentum·m - lr·g.
SmallVector<Value> SgdAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                        ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  Type type = getElementTypeOrSelf(parameter);
  Value lr = makeScalarTensor(b, learningRate, type);
  SmallVector<Value> outs = {parameter};
  llvm::append_range(outs, slots);
  return updateInPlace(
      b, gradient, {lr}, outs,
      [&](ImplicitLocOpBuilder &b, Value g, ValueRange scalars, ValueRange state) -> SmallVector<Value> {
        Value p = state[0], scaled = mul(b, g, scalars[0]);
        if (slots.empty())
          return {sub(b, p, scaled)};
        Value momentum = constant(b, type, getMomentum().value);
        Value m = sub(b, mul(b, state[1], momentum), scaled);
        Value change = getNesterov() ? sub(b, mul(b, m, momentum), scaled) : m;
        return {add(b, p, change), m};
      });
}
