// Pieces of lowerings that work on the rows of a tensor [..., n]: softmax, losses and metrics are made of them.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// The type [...] of one value a row.
RankedTensorType getRowsType(RankedTensorType type);

/// linalg.generic over the shape of `type`, [..., n]. Each input has that shape, or the shape of the rows, [...] (its
/// value is the same along a row), or rank 0.
Value mapRows(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange inputs, ScalarFn body);

/// Combines the values that `body` makes of a row's elements: [..., n] -> [...]. The inputs are as in `mapRows`, the
/// first has the full shape. `combine` takes an element's value and the accumulator.
Value reduceRows(ImplicitLocOpBuilder &b, Type elementType, ValueRange inputs, TypedAttr initial, ScalarFn body,
                 function_ref<Value(ImplicitLocOpBuilder &, Value, Value)> combine);

/// The sum over a row of what `body` makes of its elements.
Value sumRows(ImplicitLocOpBuilder &b, ValueRange inputs, ScalarFn body);

/// The largest element of each row.
Value maxRows(ImplicitLocOpBuilder &b, Value input);

/// exp(x - max of its row), and the sum of that over each row.
struct ShiftedExp {
  Value rowMax, rowSum;
};
ShiftedExp shiftedExp(ImplicitLocOpBuilder &b, Value input);

} // namespace mlir::nn
