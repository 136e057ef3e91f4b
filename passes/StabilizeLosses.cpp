// Rewrites each op that asks for it (StabilizableOpInterface) into its numerically stable form, and drops what that
// leaves unused.
#include "dialect/NN.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_STABILIZELOSSES
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct StabilizeLosses : nn::impl::StabilizeLossesBase<StabilizeLosses> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    llvm::SetVector<Operation *> producers;
    getOperation().walk([&](StabilizableOpInterface op) {
      SmallVector<Value> before(op->getOperands());
      if (failed(op.stabilize(rewriter)))
        return;
      // The new operands' users: what made the old operands of them.
      for (auto [was, is] : llvm::zip(before, op->getOperands()))
        if (was != is)
          producers.insert(is.user_begin(), is.user_end());
    });
    for (Operation *producer : producers)
      if (isOpTriviallyDead(producer))
        rewriter.eraseOp(producer);
  }
};
} // namespace
