// A matrix product that a block computes in every turn of a loop, whose first factor it gets from global memory each
// time; the second one, in shared memory where it has been brought there, is read as it is.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/SharedMemory.h"

namespace mlir::nn {

/// Whether `contraction` is one that emitStreamedProduct has a form for: in a loop, of f32, the first factor in global
/// memory, the terms of both side by side in memory that vectors can be loaded from, its result no more than
/// `numThreads` threads hold, and room in shared memory for some terms of all rows.
bool canStream(const Contraction &contraction, int64_t numThreads, const SharedMemory &shared);

/// Emits the product before its op. While threads add some terms, asynchronous copies bring the next to shared memory;
/// a thread has a rectangle of the result, its sums in registers, each a chain of FMAs in increasing order, as on CPUs.
/// `fill` as in emitGeneric. All threads of the block must come here together.
void emitStreamedProduct(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                         SharedMemory &shared);

} // namespace mlir::nn
