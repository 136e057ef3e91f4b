// What optimisers are made of: checks of their parameters, scalar arithmetic, the update in place.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

using EmitError = function_ref<InFlightDiagnostic()>;

LogicalResult verifyNotNegative(EmitError emitError, StringRef owner, StringRef name, Number number);
LogicalResult verifyPositive(EmitError emitError, StringRef owner, StringRef name, Number number);
/// Decay rates of running means.
LogicalResult verifyDecayRate(EmitError emitError, StringRef owner, StringRef name, Number number);
LogicalResult verifyMomentum(EmitError emitError, StringRef owner, Number number);

/// What every optimiser takes.
LogicalResult verifyCommon(EmitError emitError, StringRef optimizer, const Rate &lr, const Clipping &clipping);

Value add(ImplicitLocOpBuilder &b, Value x, Value y);
Value sub(ImplicitLocOpBuilder &b, Value x, Value y);
Value mul(ImplicitLocOpBuilder &b, Value x, Value y);
Value div(ImplicitLocOpBuilder &b, Value x, Value y);

/// An f64 scalar as a scalar tensor of the parameter's element type.
Value makeScalarTensor(ImplicitLocOpBuilder &b, Value scalar, Type elementType);

/// The new values of `outs`, elementwise: `body` takes the elements of the gradient, of the scalars, of the outs, and
/// returns those of the results.
SmallVector<Value>
updateInPlace(ImplicitLocOpBuilder &b, Value gradient, ValueRange scalars, ValueRange outs,
              function_ref<SmallVector<Value>(ImplicitLocOpBuilder &, Value, ValueRange, ValueRange)> body);

} // namespace mlir::nn
