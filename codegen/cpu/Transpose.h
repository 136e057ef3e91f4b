// Transposes a square of elements held in vector registers.
#pragma once
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// The columns of a square whose rows are `rows`: as many vectors of as many lanes, a power of two.
SmallVector<Value> transposeSquare(OpBuilder &builder, Location loc, SmallVector<Value> rows);

} // namespace mlir::nn
