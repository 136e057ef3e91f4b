// A parallel loop whose turns several blocks of threads share: a recurrent layer whose recurrent kernel no block can
// keep on chip. Each block has a range of the units, keeps their columns of the kernel, and computes them for all rows
// of the turn; what the product of a time step needs of other blocks' units, it gets through global memory, after a
// barrier of the whole grid. The idea is that of persistent RNNs (Diamos et al., Persistent RNNs: Stashing Recurrent
// Weights On-Chip, ICML 2016).
#pragma once
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {

struct LoopParts {
  /// Along their last dimension buffers have this many elements, or a whole number of times as many, as gates have.
  int64_t units;
  /// Blocks that share a turn, each having equally many units.
  int64_t count;

  int64_t getUnitsEach() const { return units / count; }
};

/// How blocks share the turns of `loop`, where they have to and can: not where one keeps the recurrent kernel by
/// itself, or where an operation is not of elements, or of a product with that kernel. No more than `mostBlocks` in
/// all, as they wait for each other.
std::optional<LoopParts> findParts(scf::ForallOp loop, int64_t mostBlocks);

/// Makes `turn`, the code of one turn of such a loop, that of the part `part` (an index). `allocate` gives what all
/// parts of a turn have in common, in global memory.
void partTurn(Block &turn, const LoopParts &parts, Value part, llvm::function_ref<Value(memref::AllocOp)> allocate);

} // namespace mlir::nn
