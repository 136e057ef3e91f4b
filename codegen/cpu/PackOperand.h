// Copies of a matrix product's factors in the order in which its loops read them.
#pragma once
#include "codegen/cpu/Contraction.h"

namespace mlir::nn {

/// Replaces `operand` by a copy whose dimensions are the loops of `order` that it depends on, in this order. It is made
/// outside of all loops in which the operand does not change.
void packOperand(IRRewriter &rewriter, Contraction &contraction, OpOperand *operand, ArrayRef<unsigned> order);

} // namespace mlir::nn
