// Functions of one tensor, element by element, as linalg.generic.
#include "dialect/Elementwise.h"

using namespace mlir;
using namespace mlir::nn;

FailureOr<SmallVector<Value>> nn::lowerElementwise(Operation *op, OpBuilder &builder, ScalarFn body) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  return SmallVector<Value>{mapElements(b, type, op->getOperands(), body)};
}

FailureOr<SmallVector<Value>> nn::mapGradient(Operation *op, OpBuilder &builder, Value saved, Value gradient,
                                              ScalarFn body) {
  ImplicitLocOpBuilder b(op->getLoc(), builder);
  return SmallVector<Value>{mapElements(b, cast<RankedTensorType>(saved.getType()), {saved, gradient}, body)};
}

Value nn::sigmoid(ImplicitLocOpBuilder &b, Value x) {
  Value one = constant(b, x.getType(), 1.0);
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, x));
  return arith::DivFOp::create(b, one, arith::AddFOp::create(b, one, e));
}

Value nn::tanh(ImplicitLocOpBuilder &b, Value x) { return math::TanhOp::create(b, x); }

Value nn::oneMinus(ImplicitLocOpBuilder &b, Value x) {
  return arith::SubFOp::create(b, constant(b, x.getType(), 1.0), x);
}

Value nn::sigmoidSlope(ImplicitLocOpBuilder &b, Value y) { return arith::MulFOp::create(b, y, oneMinus(b, y)); }
Value nn::tanhSlope(ImplicitLocOpBuilder &b, Value y) { return oneMinus(b, arith::MulFOp::create(b, y, y)); }

Value nn::softplus(ImplicitLocOpBuilder &b, Value x) {
  Value e = math::ExpOp::create(b, arith::NegFOp::create(b, math::AbsFOp::create(b, x)));
  Value positive = arith::MaximumFOp::create(b, x, constant(b, x.getType(), 0.0));
  return arith::AddFOp::create(b, positive, math::Log1pOp::create(b, e));
}
