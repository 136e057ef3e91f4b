// Loads and stores of vectors that need not fill a register: the tail of a row.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::nn {

/// `type.getNumElements()` consecutive elements of `memref` from `indices` on; nothing behind them is touched. Where
/// the target has masks, a number of elements that is no power of two is one load too.
Value loadVector(OpBuilder &builder, Location loc, const CpuTarget &target, VectorType type, Value memref,
                 ValueRange indices);

/// Stores all elements of `vector`, alike.
void storeVector(OpBuilder &builder, Location loc, const CpuTarget &target, Value vector, Value memref,
                 ValueRange indices);

} // namespace mlir::nn
