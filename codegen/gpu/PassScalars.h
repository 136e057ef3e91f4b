// Scalars between the steps that an entry point for a GPU is cut into.
#pragma once
#include "mlir/IR/PatternMatch.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::nn {

/// Has scalars of `block`, an entry point's body, go from step to step through memory, loaded again for each op: where
/// steps end is not known yet. Returns the loads of what loops of independent turns begin and end with, which go where
/// the loops go.
DenseMap<Operation *, SmallVector<Operation *>> passScalars(RewriterBase &rewriter, Block &block);

} // namespace mlir::nn
