// Merges neighbouring loops of a linalg.generic that walk through contiguous
// memory into one long loop.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

struct ContractionGroup;

/// The operation that stands in place of `op`; `op` itself where nothing can be
/// merged.
linalg::GenericOp collapseLoops(RewriterBase &rewriter, linalg::GenericOp op);

/// The same of reductions alone: outputs keep their dimensions.
linalg::GenericOp collapseSums(RewriterBase &rewriter, linalg::GenericOp op);

/// The group's members in their order, with those loops of the contraction merged that are of one kind and that all
/// members walk through as one; empty where there are none, and nothing is changed then.
SmallVector<linalg::GenericOp> collapseGroup(RewriterBase &rewriter, const ContractionGroup &group);

} // namespace mlir::nn
