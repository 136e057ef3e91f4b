// A matrix product that a block computes in every turn of a loop, such as a recurrent layer's with its own last output:
// the second factor stays on chip.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/SharedMemory.h"

namespace mlir::nn {

/// Rows of the second factor that the threads of a block may still keep in registers.
struct Registers {
  int64_t left = 64;
};

/// Whether `contraction` is one whose second factor does not change in the loop around it, and has few rows.
bool keepsFactor(const Contraction &contraction, int64_t numThreads);

/// Emits the product before its op: a thread has columns of its own, whose part of the second factor it loads once
/// before the loop, into registers and shared memory, as far as these reach, and reads from global memory beyond. Each
/// sum is a chain of FMAs in increasing order, as on CPUs. `fill` as in emitGeneric.
void emitBlockProduct(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                      SharedMemory &shared, Registers &registers);

} // namespace mlir::nn
