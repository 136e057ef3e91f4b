// Reductions along a vector: which operation combines, its neutral element, and
// the fixed tree at the end.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// Lanes that a reduction over contiguous elements keeps, on every processor.
inline constexpr int64_t reductionLanes = 16;

/// What makes one value of two, in whatever order: an addition, a maximum, and so on.
struct Combiner {
  OperationName name;
  /// Combined with it, a value stays as it is.
  TypedAttr neutral;
};

/// The addition of floats, or of integers, of `type`.
Combiner getAddition(Type type);

/// How the body combines `output`'s value so far, of which that is the only use, with the next one; an FMA is a sum,
/// but for that of a matrix product, which has an order. Nothing where the order of elements matters.
std::optional<Combiner> matchCombiner(linalg::GenericOp op, OpOperand *output);

/// The neutral element of `combiner`.
Value getNeutralValue(OpBuilder &builder, Location loc, const Combiner &combiner);

/// A vector of `reductionLanes` neutral elements of `combiner`.
Value getNeutralVector(OpBuilder &builder, Location loc, const Combiner &combiner);

/// `combiner` on two values, scalars or vectors.
Value combine(OpBuilder &builder, Location loc, const Combiner &combiner, Value a, Value b);

/// Halves a vector until one element is left.
Value combineLanes(OpBuilder &builder, Location loc, const Combiner &combiner, Value vector);

} // namespace mlir::nn
