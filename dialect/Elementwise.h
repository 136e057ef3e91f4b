// What activations share: lowering and gradient element by element.
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

/// log(1 + exp(x)) of a scalar, as max(x, 0) + log1p(exp(-|x|)), which does not overflow.
Value softplus(ImplicitLocOpBuilder &b, Value x);

} // namespace mlir::nn
