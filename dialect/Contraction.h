// Contractions by einsum notation: sums of products over named dimensions, each one linalg.generic.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

/// `contract(b, "btk,kn->tbn", x, w)`: each letter names a dimension; those that the result lacks are summed over, in
/// increasing order, the outermost first as they appear in the left operand. Accumulates into `init`, or from zero
/// where it is null.
Value contract(ImplicitLocOpBuilder &b, StringRef spec, Value lhs, Value rhs, Value init = {});

/// `sumOver(b, "tbn->n", z)`: the sum over the dimensions that the result lacks, outermost first, from zero.
Value sumOver(ImplicitLocOpBuilder &b, StringRef spec, Value input);

} // namespace mlir::nn
