// Reductions along a vector: which operation combines, its neutral element, and
// the fixed tree at the end.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// Lanes that a reduction over contiguous elements keeps, on every processor.
inline constexpr int64_t reductionLanes = 16;

/// The operation of the body that combines `output`'s value so far with the
/// next one, where it may be done in another order: an addition, a maximum, and
/// so on, the only use of the value so far. Null otherwise.
Operation *matchCombiner(linalg::GenericOp op, OpOperand *output);

/// The neutral element of `combiner`.
Value getNeutralValue(OpBuilder &builder, Location loc, Operation *combiner);

/// A vector of `reductionLanes` neutral elements of `combiner`.
Value getNeutralVector(OpBuilder &builder, Location loc, Operation *combiner);

/// `combiner` on two values, scalars or vectors.
Value combine(OpBuilder &builder, Location loc, Operation *combiner, Value a, Value b);

/// Halves a vector until one element is left.
Value combineLanes(OpBuilder &builder, Location loc, Operation *combiner, Value vector);

} // namespace mlir::nn
