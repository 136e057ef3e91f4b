// Activations: lowerings, and gradients where those of the lowerings would recompute or overflow.
#include "dialect/Rows.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

static FailureOr<SmallVector<Value>> lowerElementwise(Operation *op, OpBuilder &builder, ScalarFn body) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return SmallVector<Value>{mapElements(b, type, op->getOperands(), body)};
}

/// `body` takes an element of the saved value and of the incoming gradient.
static FailureOr<SmallVector<Value>> mapGradient(Operation *op, OpBuilder &builder, Value saved, Value gradient,
                                                 ScalarFn body) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  return SmallVector<Value>{mapElements(b, cast<RankedTensorType>(saved.getType()), {saved, gradient}, body)};
}

static LogicalResult inferSameType(std::optional<Location> loc, StringRef op, DictionaryAttr attributes, Value input,
                                   int64_t minRank, SmallVectorImpl<Type> &results) {
  FailureOr<RankedTensorType> type = checkFloatInput(loc, op, attributes, input, minRank);
  if (failed(type))
    return failure();
  results.push_back(*type);
  return success();
}

#define NN_SHAPE_RULE(Op, minRank)                                                                                     \
  LogicalResult Op::inferReturnTypes(MLIRContext *, std::optional<Location> loc, Adaptor adaptor,                      \
                                     SmallVectorImpl<Type> &results) {                                                 \
    return inferSameType(loc, getOperationName(), adaptor.getAttributes(), adaptor.getInput(), minRank, results);      \
  }
NN_SHAPE_RULE(ReluOp, 1)
NN_SHAPE_RULE(TanhOp, 1)
NN_SHAPE_RULE(SigmoidOp, 1)
NN_SHAPE_RULE(SiluOp, 1)
NN_SHAPE_RULE(GeluOp, 1)
// Of one sample or more: along the batch it would mix them.
NN_SHAPE_RULE(SoftmaxOp, 2)
#undef NN_SHAPE_RULE

static Value oneMinus(ImplicitLocOpBuilder &b, Value x) {
  return arith::SubFOp::create(b, constant(b, x.getType(), 1.0), x);
}

static Value sigmoid(ImplicitLocOpBuilder &b, Value x) {
  Value one = constant(b, x.getType(), 1.0);
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
}

FailureOr<SmallVector<Value>> ReluOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MaximumFOp::create(b, args[0], constant(b, args[0].getType(), 0.0));
  });
}

SmallVector<Value> ReluOp::getSavedValues() { return {getResult()}; }

/// 1 where y > 0, else 0; so 0 at x = 0.
FailureOr<SmallVector<Value>> ReluOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                   ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value zero = constant(b, args[0].getType(), 0.0);
    Value active = arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, args[0], zero);
    return arith::SelectOp::create(b, active, args[1], zero);
  });
}

FailureOr<SmallVector<Value>> TanhOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return math::TanhOp::create(b, args[0]);
  });
}

SmallVector<Value> TanhOp::getSavedValues() { return {getResult()}; }

/// 1 - y²
FailureOr<SmallVector<Value>> TanhOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                   ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MulFOp::create(b, args[1], oneMinus(b, arith::MulFOp::create(b, args[0], args[0])));
  });
}

FailureOr<SmallVector<Value>> SigmoidOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder, [](ImplicitLocOpBuilder &b, ValueRange args) { return sigmoid(b, args[0]); });
}

SmallVector<Value> SigmoidOp::getSavedValues() { return {getInput()}; }

/// e / (1 + e)² with e = exp(-|x|): the derivative is even, and y (1 - y) would lose all its digits where y is near 1.
FailureOr<SmallVector<Value>> SigmoidOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value magnitude = math::AbsFOp::create(b, args[0]);
    Value e = math::ExpOp::create(b, arith::NegFOp::create(b, magnitude));
    Value sum = arith::AddFOp::create(b, constant(b, e.getType(), 1.0), e);
    Value slope = arith::DivFOp::create(b, e, arith::MulFOp::create(b, sum, sum));
    return arith::MulFOp::create(b, args[1], slope);
  });
}

FailureOr<SmallVector<Value>> SiluOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MulFOp::create(b, args[0], sigmoid(b, args[0]));
  });
}

SmallVector<Value> SiluOp::getSavedValues() { return {getInput()}; }

/// s (1 + x (1 - s)) with s = sigmoid(x)
FailureOr<SmallVector<Value>> SiluOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                   ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value x = args[0], s = sigmoid(b, x);
    Value inner = arith::AddFOp::create(b, constant(b, x.getType(), 1.0), arith::MulFOp::create(b, x, oneMinus(b, s)));
    return arith::MulFOp::create(b, args[1], arith::MulFOp::create(b, s, inner));
  });
}

FailureOr<SmallVector<Value>> GeluOp::lower(OpBuilder &builder) {
  bool approximate = getApproximate();
  return lowerElementwise(*this, builder, [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value x = args[0];
    auto scaled = [&](Value value, double factor) -> Value {
      return arith::MulFOp::create(b, value, constant(b, x.getType(), factor));
    };
    Value curve;
    if (approximate) {
      Value cube = arith::MulFOp::create(b, x, arith::MulFOp::create(b, x, x));
      Value inner = arith::AddFOp::create(b, x, scaled(cube, 0.044715));
      curve = math::TanhOp::create(b, scaled(inner, 0.79788456080286535588)); // sqrt(2/π)
    } else {
      curve = math::ErfOp::create(b, scaled(x, 0.70710678118654752440)); // 1/sqrt(2)
    }
    Value twice = arith::AddFOp::create(b, constant(b, x.getType(), 1.0), curve);
    return arith::MulFOp::create(b, scaled(x, 0.5), twice);
  });
}

//===----------------------------------------------------------------------===//
// nn.softmax
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> SoftmaxOp::lower(OpBuilder &builder) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  auto type = cast<RankedTensorType>(getType());
  Value rowMax = maxRows(b, getInput());
  Value exps = mapRows(b, type, {getInput(), rowMax}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return math::ExpOp::create(b, arith::SubFOp::create(b, args[0], args[1]));
  });
  Value rowSum = sumRows(b, exps, [](ImplicitLocOpBuilder &, ValueRange args) { return args[0]; });
  return SmallVector<Value>{mapRows(b, type, {exps, rowSum}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::DivFOp::create(b, args[0], args[1]);
  })};
}

SmallVector<Value> SoftmaxOp::getSavedValues() { return {getResult()}; }

/// y (g - Σ g y)
FailureOr<SmallVector<Value>> SoftmaxOp::buildAdjoint(OpBuilder &builder, ValueRange saved, ArrayRef<Value> resultGrads,
                                                      ArrayRef<bool>) {
  ImplicitLocOpBuilder b(getLoc(), builder);
  Value y = saved[0], gradient = resultGrads[0];
  Value mean = sumRows(b, {gradient, y}, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    return arith::MulFOp::create(b, args[0], args[1]);
  });
  return SmallVector<Value>{mapRows(b, cast<RankedTensorType>(y.getType()), {y, gradient, mean},
                                    [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                                      Value centred = arith::SubFOp::create(b, args[1], args[2]);
                                      return arith::MulFOp::create(b, args[0], centred);
                                    })};
}
