// What a step of a launch computes and moves, counted while it still is whole operations.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::nn {

/// Layer, stage, flops and bytes of the `ops` of a step in the body of `entry`, and no shared_bytes yet: a member of
/// `nn.parts`. `keepsOnChip`:
/// what one of them has computed the next ones find where it was left, so that it is not read again, and is not written
/// where no other op touches it.
NamedAttrList describeStep(func::FuncOp entry, ArrayRef<Operation *> ops, bool keepsOnChip);

/// Leaves on the allocations of `entry` the stages of the ops that first and last touch them: a launch may have
/// several.
void markStages(func::FuncOp entry);

} // namespace mlir::nn
