// Merges neighbouring loops of a linalg.generic that walk through contiguous
// memory into one long loop.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

/// The operation that stands in place of `op`; `op` itself where nothing can be
/// merged.
linalg::GenericOp collapseLoops(RewriterBase &rewriter, linalg::GenericOp op);

} // namespace mlir::nn
