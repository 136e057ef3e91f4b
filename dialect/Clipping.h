// Clipping of gradients before an optimiser's update, in Keras' form.
#pragma once
#include "dialect/Interfaces.h"

namespace mlir::nn {

/// What an update takes in place of the gradients of all parameters of one nn.minimize. `locs` has a place for each.
SmallVector<Value> clipGradients(OpBuilder &builder, const Clipping &clipping, ValueRange gradients,
                                 ArrayRef<Location> locs);

} // namespace mlir::nn
