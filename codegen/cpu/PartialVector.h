// Loads and stores of vectors that need not fill a register: the tail of a row.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace mlir::nn {

/// Whether parts of registers are best loaded and stored as whole registers under a mask: the first half of a register
/// of AVX-512 would have to be one of the first sixteen, and so would all that it is taken from.
inline bool prefersWholeRegisters(const CpuTarget &target) { return target.hasMaskedLoad && target.hasMaskedStore; }

/// `count` consecutive elements of `memref` from `indices` on, the first ones of a vector of `type` whose others are
/// zero; nothing behind them is touched. Where the target has masks, a number of elements that is no power of two is
/// one load too.
Value loadVector(OpBuilder &builder, Location loc, const CpuTarget &target, VectorType type, Value memref,
                 ValueRange indices, int64_t count);

/// Stores the first `count` elements of `vector`, alike.
void storeVector(OpBuilder &builder, Location loc, const CpuTarget &target, Value vector, Value memref,
                 ValueRange indices, int64_t count);

} // namespace mlir::nn
