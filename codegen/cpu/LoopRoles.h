// What the loops of a linalg.generic are for: which run around, which add up, and along which one vectors run. The
// order of all sums follows from it, so that every target asks here.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::nn {

struct LoopRoles {
  /// The loop in which memory is contiguous, as far as can be; a sum's where elements of the sum are. None where each
  /// element is computed alone.
  std::optional<unsigned> vectorLoop;
  /// The parallel loops, and the loops of sums, but for the vector loop, in their order. Where outputs are no plain
  /// ones (an element written by several iterations), all loops are `sums`, which go one after the other.
  SmallVector<unsigned> outer, sums;
  /// Outputs that are carried through the loops of sums.
  SmallVector<OpOperand *> sumOutputs;
  bool isPlain = false;
};

LoopRoles findLoopRoles(linalg::GenericOp op);

inline bool isSumLoop(linalg::GenericOp op, unsigned loop) {
  return op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction;
}

} // namespace mlir::nn
