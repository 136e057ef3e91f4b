// A matrix product that a block computes in every turn of a loop, as StreamedProduct.h, on tensor cores.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/Precision.h"
#include "codegen/gpu/SharedMemory.h"

namespace mlir::nn {

/// Whether `contraction` is one that emitStreamedMma has a form for: as canStream says, of terms that make whole
/// instructions, and of rows that fill half of one.
bool canStreamMma(const Contraction &contraction, Precision precision, int64_t numThreads, const SharedMemory &shared);

/// Emits the product before its op. While warps multiply some terms, asynchronous copies bring the next to shared
/// memory. A warp has a rectangle of the result and every so many-th instruction's terms; warps with other terms of the
/// same rectangle hand it their sums, which it adds in their order. Factors are rounded as in emitMmaTile, on the way
/// from shared memory to registers. `fill` as in emitGeneric. All threads of the block must come here together.
void emitStreamedMma(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Precision precision,
                     Threads threads, SharedMemory &shared);

} // namespace mlir::nn
