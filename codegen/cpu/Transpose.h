// Transposes a square of elements held in vector registers.
#pragma once
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// The columns of a square whose rows are `rows`: as many vectors of as many lanes, a power of two.
SmallVector<Value> transposeSquare(OpBuilder &builder, Location loc, SmallVector<Value> rows);

/// The same for rows that are loaded in halves: `load(row, lane)` gives half a vector from lane 0 or from the middle
/// on. Two halves that end up in one vector are put together as they are loaded, which spares the first step's
/// shuffles.
SmallVector<Value> transposeSquareOfHalves(OpBuilder &builder, Location loc, int64_t size,
                                           llvm::function_ref<Value(int64_t row, int64_t lane)> load);

} // namespace mlir::nn
