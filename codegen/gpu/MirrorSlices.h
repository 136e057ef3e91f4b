// Copies in fast memory of what a turn of a loop writes to a sequence and reads again.
#pragma once
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {

/// In each turn of `loop`, a step of a recurrence, slices of sequences in global memory get what later code of the turn
/// reads: gates, or their gradients. Such a slice also goes to a buffer of the block, from which it is read. The
/// buffers are made at the start of `block`, around the loop.
void mirrorSlices(scf::ForOp loop, Block &block);

} // namespace mlir::nn
