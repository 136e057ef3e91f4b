// Functions of one element, and what activations share: lowering and gradient element by element.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// `body` of each element of the op's operand.
FailureOr<SmallVector<Value>> lowerElementwise(Operation *op, OpBuilder &builder, ScalarFn body);

/// The gradient of an op on one tensor: `body` takes an element of the saved value and of the incoming gradient.
FailureOr<SmallVector<Value>> mapGradient(Operation *op, OpBuilder &builder, Value saved, Value gradient,
                                          ScalarFn body);

/// 1 / (1 + exp(-x)) of a scalar.
Value sigmoid(ImplicitLocOpBuilder &b, Value x);

/// The hyperbolic tangent of a scalar, and 1 - x.
Value tanh(ImplicitLocOpBuilder &b, Value x);
Value oneMinus(ImplicitLocOpBuilder &b, Value x);

/// The derivatives of sigmoid and tanh, in terms of their values.
Value sigmoidSlope(ImplicitLocOpBuilder &b, Value y);
Value tanhSlope(ImplicitLocOpBuilder &b, Value y);

/// log(1 + exp(x)) of a scalar, as max(x, 0) + log1p(exp(-|x|)), which does not overflow.
Value softplus(ImplicitLocOpBuilder &b, Value x);

} // namespace mlir::nn
