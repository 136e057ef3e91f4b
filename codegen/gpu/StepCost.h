// What a step of a launch computes and moves, counted while it still is whole operations.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace mlir::nn {

/// Members of `nn.parts`, at least one: layer, stage, flops and bytes of what the `ops` of a step do, of each layer and
/// stage that they work for, and no shared_bytes yet. `keepsOnChip`: what one of them has computed the next ones find
/// where it was left, so that it is not read again, and is not written where no other op touches it.
SmallVector<NamedAttrList> describeStep(ArrayRef<Operation *> ops, bool keepsOnChip);

/// Leaves on the allocations of `entry` the stages of the ops that first and last touch them: a launch may have
/// several.
void markStages(func::FuncOp entry);

} // namespace mlir::nn
