// Emits the loops of a contraction and of what is computed along with it.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/Target.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

/// Emits the group's code after its last member; its members are then without
/// effect and can be erased.
void emitContraction(RewriterBase &rewriter, const ContractionGroup &group, const CpuTarget &target);

} // namespace mlir::nn
