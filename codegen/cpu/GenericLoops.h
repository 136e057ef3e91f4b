// Emits the loops of a linalg.generic that is no matrix product.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

/// Emits `op` as loops before it; `op` is then without effect and can be
/// erased.
void emitGenericLoops(RewriterBase &rewriter, linalg::GenericOp op, const CpuTarget &target);

} // namespace mlir::nn
