// Regularisers: penalties on parameters, differentiated with the loss they are added to.
#include "dialect/Layer.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

static LogicalResult verifyFactor(function_ref<InFlightDiagnostic()> emitError, double factor) {
  // In f32, in which it is used.
  if (factor >= 0.0 && std::isfinite(static_cast<float>(factor)))
    return success();
  return emitError() << "a regularizer's factor must be finite in f32 and not negative, not " << formatNumber(factor);
}

/// factor · Σ term(w).
static Value buildSum(OpBuilder &builder, Location loc, Value parameter, double factor,
                      function_ref<Value(ImplicitLocOpBuilder &, Value)> term) {
  ImplicitLocOpBuilder b(loc, builder);
  Value sum = sumElements(b, parameter, term);
  auto type = cast<RankedTensorType>(sum.getType());
  return mapElements(b, type, {sum}, [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MulFOp::create(b, args[0], constant(b, type, factor));
  });
}

LogicalResult L1Attr::verify(function_ref<InFlightDiagnostic()> emitError, Number factor) {
  return verifyFactor(emitError, factor.value);
}

LogicalResult L2Attr::verify(function_ref<InFlightDiagnostic()> emitError, Number factor) {
  return verifyFactor(emitError, factor.value);
}

Value L1Attr::buildPenalty(OpBuilder &builder, Location loc, Value parameter) const {
  return buildSum(builder, loc, parameter, getFactor().value,
                  [](ImplicitLocOpBuilder &b, Value w) -> Value { return math::AbsFOp::create(b, w); });
}

Value L2Attr::buildPenalty(OpBuilder &builder, Location loc, Value parameter) const {
  return buildSum(builder, loc, parameter, getFactor().value,
                  [](ImplicitLocOpBuilder &b, Value w) -> Value { return arith::MulFOp::create(b, w, w); });
}
