// Sums of gradients, and zeros.
#pragma once
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// A zero of `type`, a scalar or a static tensor.
Value zeroOf(OpBuilder &builder, Location loc, Type type);

/// a + b on scalars or tensors; null stands for zero.
Value addGradients(OpBuilder &builder, Location loc, Value a, Value b);

/// The sum where `grad` is made for nothing else and can be added into `sum` as it is made: a reduction starts from
/// `sum` instead of zero, a slice of zeros becomes a slice of `sum`. Null where there is no such way. `sum` must not be
/// read again.
Value accumulateInto(OpBuilder &builder, Location loc, Value sum, Value grad);

/// The sum written over `sum`, which must not be read again.
Value addInPlace(OpBuilder &builder, Location loc, Value sum, Value grad);

} // namespace mlir::nn
