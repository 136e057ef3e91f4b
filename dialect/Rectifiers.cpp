// Activations akin to relu: lowerings and gradients.
#include "dialect/Elementwise.h"
#include <cmath>

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// nn.leaky_relu
//===----------------------------------------------------------------------===//

LogicalResult LeakyReluOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                            SmallVectorImpl<Type> &results) {
  double slope = adaptor.getNegativeSlope();
  if (!(slope >= 0.0 && std::isfinite(slope)))
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "got negative_slope = " << formatAttribute(adaptor.getNegativeSlopeAttr())
           << ", takes a finite number from 0 on";
  return inferSameType(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1, results);
}

FailureOr<SmallVector<Value>> LeakyReluOp::lower(OpBuilder &builder) {
  double slope = getNegativeSlope();
  return lowerElementwise(*this, builder, [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Type type = args[0].getType();
    Value upper = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, args[0], constant(b, type, 0.0));
    return arith::SelectOp::create(b, upper, args[0], arith::MulFOp::create(b, args[0], constant(b, type, slope)));
  });
}

//===----------------------------------------------------------------------===//
// nn.elu and nn.selu
//===----------------------------------------------------------------------===//

/// λ and α of the scaled one.
static constexpr double seluScale = 1.0507009873554804935, seluAlpha = 1.6732632423543772848;

static Value scaled(ImplicitLocOpBuilder &b, Value value, double factor) {
  return factor == 1.0 ? value : arith::MulFOp::create(b, value, constant(b, value.getType(), factor)).getResult();
}

static Value isPositive(ImplicitLocOpBuilder &b, Value x) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, constant(b, x.getType(), 0.0));
}

/// scale · x above zero, else scale · alpha · (exp(x) - 1).
static FailureOr<SmallVector<Value>> lowerExponential(Operation *op, OpBuilder &builder, double scale, double alpha) {
  return lowerElementwise(op, builder, [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value curve = scaled(b, math::ExpM1Op::create(b, args[0]), scale * alpha);
    return arith::SelectOp::create(b, isPositive(b, args[0]), scaled(b, args[0], scale), curve);
  });
}

/// scale above zero, else scale · alpha · exp(x): the lowering's would multiply what is not selected by an exponential
/// that may have overflown.
static FailureOr<SmallVector<Value>> buildExponentialAdjoint(Operation *op, OpBuilder &builder, Value x, Value gradient,
                                                             double scale, double alpha) {
  return mapGradient(op, builder, x, gradient, [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value decayed = arith::MulFOp::create(b, args[1], math::ExpOp::create(b, args[0]));
    return arith::SelectOp::create(b, isPositive(b, args[0]), scaled(b, args[1], scale),
                                   scaled(b, decayed, scale * alpha));
  });
}

LogicalResult EluOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,
                                      SmallVectorImpl<Type> &results) {
  if (!std::isfinite(adaptor.getAlpha()))
    return emitShapeError(loc, getOperationName(), adaptor.getAttributes())
           << "got alpha = " << formatAttribute(adaptor.getAlphaAttr()) << ", takes a finite number";
  return inferSameType(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), 1, results);
}

FailureOr<SmallVector<Value>> EluOp::lower(OpBuilder &builder) {
  return lowerExponential(*this, builder, 1.0, getAlpha());
}

SmallVector<Value> EluOp::getSavedValues() { return {getInput()}; }

FailureOr<SmallVector<Value>> EluOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                  ArrayRef<bool>) {
  return buildExponentialAdjoint(*this, builder, saved[0], resultGrads[0], 1.0, getAlpha());
}

FailureOr<SmallVector<Value>> SeluOp::lower(OpBuilder &builder) {
  return lowerExponential(*this, builder, seluScale, seluAlpha);
}

SmallVector<Value> SeluOp::getSavedValues() { return {getInput()}; }

FailureOr<SmallVector<Value>> SeluOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                   ArrayRef<bool>) {
  return buildExponentialAdjoint(*this, builder, saved[0], resultGrads[0], seluScale, seluAlpha);
}

//===----------------------------------------------------------------------===//
// nn.softplus
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> SoftplusOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder,
                          [](ImplicitLocOpBuilder &b, ValueRange args) { return softplus(b, args[0]); });
}

SmallVector<Value> SoftplusOp::getSavedValues() { return {getInput()}; }

/// sigmoid(x): the lowering's maximum and magnitude have kinks at 0, where this has none.
FailureOr<SmallVector<Value>> SoftplusOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                       ArrayRef<Value> resultGrads, ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MulFOp::create(b, args[1], sigmoid(b, args[0]));
  });
}
