// A copy of a block that belongs to no function: where the body of a loop or of a structured op is differentiated
// before what is needed of it is cloned into new ops.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::nn {

class DetachedBlock {
public:
  explicit DetachedBlock(MLIRContext *context) : holder(ModuleOp::create(UnknownLoc::get(context))) {}

  Block &operator*() { return *holder->getBody(); }
  Block *operator->() { return holder->getBody(); }

  /// Copies the ops of `body` behind what is there. `mapping` has its block arguments. What the body reads from outside
  /// becomes further block arguments, in the order of `getCaptures(body)`; constants are copied.
  void copyBody(Block &body, IRMapping &mapping, Location loc);

  /// The values that a body reads from outside, constants apart.
  static SmallVector<Value> getCaptures(Block &body);

  /// The ops and block arguments that `values` are computed from; ops in order of the block.
  struct Slice {
    llvm::SetVector<Operation *> ops;
    llvm::SetVector<BlockArgument> arguments;
  };
  Slice slice(ArrayRef<Value> values);

  /// Clones the ops of a slice; `mapping` has its arguments.
  static void cloneSlice(const Slice &slice, OpBuilder &builder, IRMapping &mapping);

private:
  /// Analyses of regions want an op around every block; this one is never verified.
  OwningOpRef<ModuleOp> holder;
};

} // namespace mlir::nn
