// Optimisers: slots and update rules, in Keras' form. An update is one linalg.generic over the parameter that writes
// the parameter and its slots in place; what depends on the step alone is computed once, as scalars in f64.
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Pieces of updates
//===----------------------------------------------------------------------===//

using EmitError = function_ref<InFlightDiagnostic()>;

static LogicalResult verifyNotNegative(EmitError emitError, StringRef optimizer, StringRef name, double value) {
  if (std::isfinite(static_cast<float>(value)) && value >= 0.0)
    return success();
  return emitError() << optimizer << ": " << name << " must be finite in f32 and not negative, not " << value;
}

static LogicalResult verifyPositive(EmitError emitError, StringRef optimizer, StringRef name, double value) {
  if (std::isfinite(static_cast<float>(value)) && value > 0.0)
    return success();
  return emitError() << optimizer << ": " << name << " must be finite in f32 and above 0, not " << value;
}

/// Decay rates of running means.
static LogicalResult verifyDecayRate(EmitError emitError, StringRef optimizer, StringRef name, double value) {
  if (value >= 0.0 && value < 1.0)
    return success();
  return emitError() << optimizer << ": " << name << " must be at least 0 and below 1, not " << value;
}

static Value add(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, x, y); }
static Value sub(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::SubFOp::create(b, x, y); }
static Value mul(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, x, y); }
static Value div(ImplicitLocOpBuilder &b, Value x, Value y) { return arith::DivFOp::create(b, x, y); }

/// The element of a scalar tensor, a float widened to f64.
static Value extractScalar(ImplicitLocOpBuilder &b, Value scalar) {
  Value element = tensor::ExtractOp::create(b, scalar, ValueRange{});
  if (element.getType() == b.getF32Type())
    element = arith::ExtFOp::create(b, b.getF64Type(), element);
  return element;
}

/// An f64 scalar as a scalar tensor of the parameter's element type.
static Value makeScalarTensor(ImplicitLocOpBuilder &b, Value scalar, Type elementType) {
  if (elementType != scalar.getType())
    scalar = arith::TruncFOp::create(b, elementType, scalar);
  return tensor::FromElementsOp::create(b, RankedTensorType::get({}, elementType), scalar);
}

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

/// The new values of `outs`, elementwise: `body` takes the elements of the gradient, of the scalars, of the outs, and
/// returns those of the results.
static SmallVector<Value>
updateInPlace(ImplicitLocOpBuilder &b, Value gradient, ValueRange scalars, ValueRange outs,
              function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, Value, ValueRange, ValueRange)> body) {
  int64_t rank = cast<RankedTensorType>(gradient.getType()).getRank();
  SmallVector<Value> inputs = {gradient};
  llvm::append_range(inputs, scalars);
  AffineMap identity = b.getMultiDimIdentityMap(rank);
  SmallVector<AffineMap> maps = {identity};
  maps.append(scalars.size(), AffineMap::get(rank, 0, b.getContext()));
  maps.append(outs.size(), identity);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto update = linalg::GenericOp::create(
      b, TypeRange(outs), inputs, outs, maps, iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, nested);
        linalg::YieldOp::create(b,
                                body(b, args[0], args.slice(1, scalars.size()), args.drop_front(1 + scalars.size())));
      });
  return llvm::to_vector_of<Value>(update.getResults());
}

//===----------------------------------------------------------------------===//
// SGD
//===----------------------------------------------------------------------===//

LogicalResult SgdAttr::verify(EmitError emitError, Number lr, Number momentum, bool nesterov) {
  if (failed(verifyNotNegative(emitError, "sgd", "lr", lr.value)))
    return failure();
  if (!(momentum.value >= 0.0 && momentum.value <= 1.0))
    return emitError() << "sgd: momentum must be between 0 and 1, not " << momentum.value;
  if (nesterov && momentum.value == 0.0)
    return emitError() << "sgd: nesterov takes a momentum above 0";
  return success();
}

double SgdAttr::getLearningRate() const { return getLr().value; }

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
  Value lr = makeScalarTensor(b, extractScalar(b, learningRate), type);
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

//===----------------------------------------------------------------------===//
// Adam and AdamW
//===----------------------------------------------------------------------===//

static LogicalResult verifyAdam(EmitError emitError, StringRef name, Number lr, Number beta1, Number beta2,
                                Number epsilon) {
  return success(succeeded(verifyNotNegative(emitError, name, "lr", lr.value)) &&
                 succeeded(verifyDecayRate(emitError, name, "beta_1", beta1.value)) &&
                 succeeded(verifyDecayRate(emitError, name, "beta_2", beta2.value)) &&
                 succeeded(verifyPositive(emitError, name, "epsilon", epsilon.value)));
}

static SmallVector<SlotSpec> getAdamSlots(RankedTensorType parameter) { return {{"m", parameter}, {"v", parameter}}; }

/// p -= p·weight_decay·lr, m += (g - m)(1 - β₁), v += (g² - v)(1 - β₂), p -= m·α / (sqrt(v) + ε) with
/// α = lr·sqrt(1 - β₂ᵗ) / (1 - β₁ᵗ).
static SmallVector<Value> buildAdamUpdate(ImplicitLocOpBuilder &b, Value parameter, Value gradient, ValueRange slots,
                                          Value learningRate, Value step, double beta1, double beta2, double epsilon,
                                          double weightDecay) {
  Type type = getElementTypeOrSelf(parameter);
  Value one = constant(b, b.getF64Type(), 1.0);
  Value lr = extractScalar(b, learningRate), t = extractScalar(b, step);
  Value correction1 = sub(b, one, powerOfStep(b, beta1, t));
  Value correction2 = sub(b, one, powerOfStep(b, beta2, t));
  Value alpha = div(b, mul(b, lr, math::SqrtOp::create(b, correction2)), correction1);
  SmallVector<Value> scalars = {makeScalarTensor(b, alpha, type)};
  if (weightDecay != 0.0)
    scalars.push_back(makeScalarTensor(b, mul(b, lr, constant(b, b.getF64Type(), weightDecay)), type));
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

LogicalResult AdamAttr::verify(EmitError emitError, Number lr, Number beta1, Number beta2, Number epsilon) {
  return verifyAdam(emitError, "adam", lr, beta1, beta2, epsilon);
}

double AdamAttr::getLearningRate() const { return getLr().value; }

SmallVector<SlotSpec> AdamAttr::getSlots(RankedTensorType parameter) const { return getAdamSlots(parameter); }

SmallVector<Value> AdamAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                         ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  return buildAdamUpdate(b, parameter, gradient, slots, learningRate, step, getBeta_1().value, getBeta_2().value,
                         getEpsilon().value, /*weightDecay=*/0.0);
}

LogicalResult AdamWAttr::verify(EmitError emitError, Number lr, Number beta1, Number beta2, Number epsilon,
                                Number weightDecay) {
  if (failed(verifyAdam(emitError, "adamw", lr, beta1, beta2, epsilon)))
    return failure();
  return verifyNotNegative(emitError, "adamw", "weight_decay", weightDecay.value);
}

double AdamWAttr::getLearningRate() const { return getLr().value; }

SmallVector<SlotSpec> AdamWAttr::getSlots(RankedTensorType parameter) const { return getAdamSlots(parameter); }

SmallVector<Value> AdamWAttr::buildUpdate(OpBuilder &builder, Location loc, Value parameter, Value gradient,
                                          ValueRange slots, Value learningRate, Value step) const {
  ImplicitLocOpBuilder b(loc, builder);
  return buildAdamUpdate(b, parameter, gradient, slots, learningRate, step, getBeta_1().value, getBeta_2().value,
                         getEpsilon().value, getWeightDecay().value);
}
