// Activations: lowerings, and gradients where those of the lowerings would recompute or overflow.
#include "dialect/Elementwise.h"
#include "dialect/Rows.h"

using namespace mlir;
using namespace mlir::nn;

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

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
    return arith::MulFOp::create(b, args[1], tanhSlope(b, args[0]));
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

FailureOr<SmallVector<Value>> HardSigmoidOp::lower(OpBuilder &builder) {
  return lowerElementwise(*this, builder, [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Type type = args[0].getType();
    Value raised = arith::AddFOp::create(b, args[0], constant(b, type, 3.0));
    Value clipped = arith::MinimumFOp::create(b, arith::MaximumFOp::create(b, raised, constant(b, type, 0.0)),
                                              constant(b, type, 6.0));
    return arith::MulFOp::create(b, clipped, constant(b, type, 1.0 / 6.0));
  });
}

SmallVector<Value> HardSigmoidOp::getSavedValues() { return {getInput()}; }

/// 1/6 where |x| < 3, else 0.
FailureOr<SmallVector<Value>> HardSigmoidOp::buildAdjoint(OpBuilder &builder, ValueRange saved,
                                                          ArrayRef<Value> resultGrads, ArrayRef<bool>) {
  return mapGradient(*this, builder, saved[0], resultGrads[0], [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Type type = args[0].getType();
    Value isSloped =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, math::AbsFOp::create(b, args[0]), constant(b, type, 3.0));
    Value sloped = arith::MulFOp::create(b, args[1], constant(b, type, 1.0 / 6.0));
    return arith::SelectOp::create(b, isSloped, sloped, constant(b, type, 0.0));
  });
}

FailureOr<SmallVector<Value>> GeluOp::lower(OpBuilder &builder) {
  bool approximate = getApproximate();
  return lowerElementwise(*this, builder, [=](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value x = args[0];
    auto scaled = [&](Value value, double factor) -> Value {
      return arith::MulFOp::create(b, value, constant(b, x.getType(), factor));
    };
    Value twice; // Of the share of x that passes.
    if (approximate) {
      Value cube = arith::MulFOp::create(b, x, arith::MulFOp::create(b, x, x));
      Value inner = arith::AddFOp::create(b, x, scaled(cube, 0.044715));
      Value curve = math::TanhOp::create(b, scaled(inner, 0.79788456080286535588)); // sqrt(2/π)
      twice = arith::AddFOp::create(b, constant(b, x.getType(), 1.0), curve);
    } else {
      // 1 + erf(x / sqrt(2)), which would cancel far below 0.
      twice = math::ErfcOp::create(b, scaled(x, -0.70710678118654752440));
    }
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
