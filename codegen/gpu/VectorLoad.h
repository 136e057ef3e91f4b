// Loads of 16 bytes, the most that a thread loads at once.
#pragma once
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::nn {

/// Elements of f32 that one load brings.
inline constexpr int64_t vectorElements = 4;

/// Whether all rows of `memref`, of f32, begin at addresses that such loads take.
bool hasVectorRows(Value memref);

/// The four neighbouring elements from `indices` on.
SmallVector<Value> loadVector(OpBuilder &builder, Location loc, Value memref, ValueRange indices);

} // namespace mlir::nn
