// Losses of numbers: lowerings, and gradients where those of the lowerings have kinks.
#include "dialect/SampleMean.h"
#include <cmath>

using namespace mlir;
using namespace mlir::nn;

static Value difference(ImplicitLocOpBuilder &b, ValueRange args) { return arith::SubFOp::create(b, args[0], args[1]); }

static Value square(ImplicitLocOpBuilder &b, Value x) { return arith::MulFOp::create(b, x, x); }

/// Gradients of a mean over features and samples with respect to predictions and targets; `slope` is of a difference.
static SmallVector<Value> buildGradients(Operation *op, OpBuilder &builder, ValueRange saved, Value gradient,
                                         ArrayRef<bool> wanted,
                                         function_ref<Value(ImplicitLocOpBuilder &, Value)> slope) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  auto type = cast<RankedTensorType>(saved[0].getType());
  Value valid = validOf(saved, 2), scale = divideByCount(b, gradient, type, valid);
  SmallVector<Value> gradients(saved.size());
  for (int64_t index : {0, 1})
    if (wanted[index])
      gradients[index] = mapRows(b, type, withValid({saved[index], saved[1 - index], scale}, valid),
                                 [&](ImplicitLocOpBuilder &b, ValueRange args) {
                                   // Slopes are odd, so that of the targets is the slope of target - prediction.
                                   return scaleSlope(b, slope(b, difference(b, args)), args[2], validOf(args, 3));
                                 });
  return gradients;
}

//===----------------------------------------------------------------------===//
// nn.mean_squared_error
//===----------------------------------------------------------------------===//

LogicalResult MeanSquaredErrorOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                   DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                   SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> MeanSquaredErrorOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  std::optional<double> weight = getHalfSum() ? std::optional(0.5) : std::nullopt;
  return SmallVector<Value>{meanOfPairs(
      b, getPredictions(), getTargets(), getValid(),
      [](ImplicitLocOpBuilder &b, ValueRange args) { return square(b, difference(b, args)); }, weight)};
}

//===----------------------------------------------------------------------===//
// nn.mean_absolute_error
//===----------------------------------------------------------------------===//

LogicalResult MeanAbsoluteErrorOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                                    DictionaryAttr attributes, OpaqueProperties, RegionRange,
                                                    SmallVectorImpl<Type> &results) {
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> MeanAbsoluteErrorOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  return SmallVector<Value>{
      meanOfPairs(b, getPredictions(), getTargets(), getValid(), [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        return math::AbsFOp::create(b, difference(b, args));
      })};
}

SmallVector<Value> MeanAbsoluteErrorOp::getSavedValues() { return llvm::to_vector(getOperands()); }

/// The difference's sign, 0 where there is none.
FailureOr<SmallVector<Value>> MeanAbsoluteErrorOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                                ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) {
  return buildGradients(*this, builder, saved, resultGrads[0], wanted,
                        [](ImplicitLocOpBuilder &b, Value error) -> Value {
                          Type type = error.getType();
                          Value zero = constant(b, type, 0.0);
                          Value isAbove = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, error, zero);
                          Value isBelow = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, error, zero);
                          Value negative = arith::SelectOp::create(b, isBelow, constant(b, type, -1.0), zero);
                          return arith::SelectOp::create(b, isAbove, constant(b, type, 1.0), negative);
                        });
}

//===----------------------------------------------------------------------===//
// nn.huber
//===----------------------------------------------------------------------===//

LogicalResult HuberOp::inferReturnTypes(MLIRContext *, std::optional<Location> loc, ValueRange operands,
                                        DictionaryAttr attributes, OpaqueProperties properties, RegionRange regions,
                                        SmallVectorImpl<Type> &results) {
  Adaptor adaptor(operands, attributes, properties, regions);
  double delta = adaptor.getDelta();
  if (!(delta > 0.0 && std::isfinite(delta)))
    return emitShapeError(loc, getOperationName(), attributes)
           << "got delta = " << formatAttribute(adaptor.getDeltaAttr()) << ", takes a finite number above 0";
  return inferPairedMean(loc, getOperationName(), attributes, operands, results);
}

FailureOr<SmallVector<Value>> HuberOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  double delta = getDelta();
  return SmallVector<Value>{meanOfPairs(
      b, getPredictions(), getTargets(), getValid(), [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value error = difference(b, args), magnitude = math::AbsFOp::create(b, error);
        Type type = error.getType();
        Value near = arith::MulFOp::create(b, square(b, error), constant(b, type, 0.5));
        Value scaled = arith::MulFOp::create(b, magnitude, constant(b, type, delta));
        Value far = arith::SubFOp::create(b, scaled, constant(b, type, 0.5 * delta * delta));
        Value isNear = arith::CmpFOp::create(b, arith::CmpFPredicate::OLE, magnitude, constant(b, type, delta));
        return arith::SelectOp::create(b, isNear, near, far);
      })};
}

SmallVector<Value> HuberOp::getSavedValues() { return llvm::to_vector(getOperands()); }

/// The difference, kept within delta.
FailureOr<SmallVector<Value>> HuberOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                    ArrayRef<bool> wanted) {
  double delta = getDelta();
  return buildGradients(*this, builder, saved, resultGrads[0], wanted,
                        [=](ImplicitLocOpBuilder &b, Value error) -> Value {
                          Value raised = arith::MaximumFOp::create(b, error, constant(b, error.getType(), -delta));
                          return arith::MinimumFOp::create(b, raised, constant(b, error.getType(), delta));
                        });
}
