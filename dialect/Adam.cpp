// Adam and AdamW.
#include "dialect/OptimizerParts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

/// base ** step by repeated squaring, in f64.
static Value powerOfStep(ImplicitLocOpBuilder &b, double base, Value step) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value bits = arith::ConstantIndexOp::create(b, 63);
  Value oneF64 = constant(b, b.getF64Type(), 1.0), baseF64 = constant(b, b.getF64Type(), base);
  auto loop = scf::ForOp::create(
      b, zero, bits, one, ValueRange{oneF64, baseF64},
      [&](OpBuilder &nested, Location loc, Value bit, ValueRange carried) {
        ImplicitLocOpBuilder b(loc, nested);
        Value shift = arith::IndexCastOp::create(b, b.getI64Type(), bit);
        Value isSet = arith::TruncIOp::create(b, b.getI1Type(), arith::ShRUIOp::create(b, step, shift));
        Value factor = arith::SelectOp::create(b, isSet, carried[1], oneF64);
        scf::YieldOp::create(b, ValueRange{mul(b, carried[0], factor), mul(b, carried[1], carried[1])});
      });
  return loop.getResult(0);
}

static LogicalResult verifyAdam(EmitError emitError, StringRef name, const Rate &lr, Number beta1, Number beta2,
                                Number epsilon, const Clipping &clipping) {
  return success(succeeded(verifyCommon(emitError, name, lr, clipping)) &&
                 succeeded(verifyDecayRate(emitError, name, "beta_1", beta1)) &&
                 succeeded(verifyDecayRate(emitError, name, "beta_2", beta2)) &&
                 succeeded(verifyPositive(emitError, name, "epsilon", epsilon)));
}

static SmallVector<SlotSpec> getAdamSlots(RankedTensorType parameter) { return {{"m", parameter}, {"v", parameter}}; }

/// p -= p·weight_decay·lr, m += (g - m)(1 - β₁), v += (g² - v)(1 - β₂), p -= m·α / (sqrt(v) + ε) with
/// α = lr·sqrt(1 - β₂ᵗ) / (1 - β₁ᵗ).
static SmallVector<Value> buildAdamUpdate(ImplicitLocOpBuilder &b, Value parameter, Value gradient, ValueRange slots,
                                          Value learningRate, Value step, double beta1, double beta2, double epsilon,
                                          double weightDecay) {
  Type type = getElementTypeOrSelf(parameter);
  // The same for all parameters, and computed once.
  ImplicitLocOpBuilder common(dropLayer(b.getLoc()), b);
  Value one = constant(common, b.getF64Type(), 1.0);
  Value lr = learningRate, t = tensor::ExtractOp::create(common, step, ValueRange{});
  Value correction1 = sub(common, one, powerOfStep(common, beta1, t));
  Value correction2 = sub(common, one, powerOfStep(common, beta2, t));
  Value alpha = div(common, mul(common, lr, math::SqrtOp::create(common, correction2)), correction1);
  SmallVector<Value> scalars = {makeScalarTensor(common, alpha, type)};
  if (weightDecay != 0.0)
    scalars.push_back(makeScalarTensor(common, mul(common, lr, constant(common, b.getF64Type(), weightDecay)), type));
  return updateInPlace(
      b, gradient, scalars, {parameter, slots[0], slots[1]},
      [&](ImplicitLocOpBuilder &b, Value g, ValueRange scalars, ValueRange state) -> SmallVector<Value> {
        Value p = state[0], m = state[1], v = state[2];
        if (weightDecay != 0.0)
          p = sub(b, p, mul(b, p, scalars[1]));
        m = add(b, m, mul(b, sub(b, g, m), constant(b, type, 1.0 - beta1)));
        v = add(b, v, mul(b, sub(b, mul(b, g, g), v), constant(b, type, 1.0 - beta2)));
        Value scale = add(b, math::SqrtOp::create(b, v), constant(b, type, epsilon));
        return {sub(b, p, div(b, mul(b, m, scalars[0]), scale)), m, v};
      });
}

LogicalResult AdamAttr::verify(EmitError emitError, Rate lr, Number beta1, Number beta2, Number epsilon,
                               std::optional<Number> clipvalue, std::optional<Number> clipnorm,
                               std::optional<Number> globalClipnorm) {
  return verifyAdam(emitError, "adam", lr, beta1, beta2, epsilon, {clipvalue, clipnorm, globalClipnorm});
}

SmallVector<SlotSpec> AdamAttr::getSlots(RankedTensorType parameter) const { return getAdamSlots(parameter); }

SmallVector<Value> AdamAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                         ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  return buildAdamUpdate(b, parameter, gradient, slots, learningRate, step, getBeta_1().value, getBeta_2().value,
                         getEpsilon().value, /*weightDecay=*/0.0);
}

LogicalResult AdamWAttr::verify(EmitError emitError, Rate lr, Number beta1, Number beta2, Number epsilon,
                                Number weightDecay, std::optional<Number> clipvalue, std::optional<Number> clipnorm,
                                std::optional<Number> globalClipnorm) {
  Clipping clipping{clipvalue, clipnorm, globalClipnorm};
  if (failed(verifyAdam(emitError, "adamw", lr, beta1, beta2, epsilon, clipping)))
    return failure();
  return verifyNotNegative(emitError, "adamw", "weight_decay", weightDecay);
}

SmallVector<SlotSpec> AdamWAttr::getSlots(RankedTensorType parameter) const { return getAdamSlots(parameter); }

SmallVector<Value> AdamWAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                          ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  return buildAdamUpdate(b, parameter, gradient, slots, learningRate, step, getBeta_1().value, getBeta_2().value,
                         getEpsilon().value, getWeightDecay().value);
}
