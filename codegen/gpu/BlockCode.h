// Code that one block of threads runs together: each operation shared out among the threads, barriers between those
// that touch the same memory.
#pragma once
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/Precision.h"
#include "codegen/gpu/SharedMemory.h"
#include "codegen/gpu/StepCost.h"

namespace mlir::nn {

/// What tensor cores do of a block's code, for products of a precision other than f32: floating-point operations by
/// whom they are for, loops whose number of turns is not known counting as one turn.
struct TensorCoreUse {
  Precision precision;
  FlopsOfLayers flops = {};
};

/// Lowers the ops of `block` in place: linalg.generic, loops, loads and stores of scalars, allocations (to shared
/// memory, and where it is full to what `allocateGlobally` gives), barriers of the grid. What has no effect on memory
/// runs on every thread. An error at the op that has no such form.
LogicalResult lowerBlock(Block &block, Threads threads, SharedMemory &shared,
                         llvm::function_ref<Value(memref::AllocOp)> allocateGlobally, TensorCoreUse &tensorCores);

/// Lowers a loop whose turns are independent (nn.independent_turns): each turn to one thread. An error where a turn
/// allocates memory.
LogicalResult lowerTurns(scf::ForOp loop, Threads threads);

/// Whether `op` does nothing but compute values.
bool hasNoEffect(Operation *op);

} // namespace mlir::nn
