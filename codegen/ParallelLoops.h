// The parallel loops of an entry point, and the tasks that their turns are.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::nn {

/// The parallel loops that `op` is or holds, and that stand in no other, in their order.
SmallVector<scf::ForallOp> getParallelLoops(Operation *op);

struct LoopDimension {
  int64_t lower, count, step;
};

/// The dimensions of a parallel loop; an error at it where its bounds are not constant.
FailureOr<SmallVector<LoopDimension>> getDimensions(scf::ForallOp loop);

/// One for each point of the loop's space.
int64_t countTasks(ArrayRef<LoopDimension> dimensions);

/// The attribute of loops whose turns are independent, and how many there are at most.
inline constexpr llvm::StringLiteral turnsAttributeName = "nn.independent_turns";

} // namespace mlir::nn
