// Makes tensors of one repeated value fills, so that they get a place in the arena (or vanish into their reader) rather
// than becoming data of the program.
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERSPLATS
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;

namespace {
struct LowerSplats : nn::impl::LowerSplatsBase<LowerSplats> {
  using Base::Base;

  void runOnOperation() override {
    getOperation().walk([](arith::ConstantOp op) {
      auto splat = dyn_cast<SplatElementsAttr>(op.getValue());
      if (!splat || !isa<RankedTensorType>(op.getType()))
        return;
      ImplicitLocOpBuilder b(op.getLoc(), op);
      Value scalar = arith::ConstantOp::create(b, splat.getSplatValue<TypedAttr>());
      // One fill a use: an op that updates its destination in place must not share it.
      for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
        b.setInsertionPoint(use.getOwner());
        Value empty = tensor::EmptyOp::create(b, splat.getType().getShape(), splat.getElementType());
        use.set(linalg::FillOp::create(b, scalar, empty).getResult(0));
      }
      op.erase();
    });
  }
};
} // namespace
