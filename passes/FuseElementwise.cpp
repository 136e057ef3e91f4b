// Fuses chains of elementwise linalg ops into one op each, but never into a contraction, which the code generator must
// still recognise as one.
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_FUSEELEMENTWISE
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;

/// Each fusion copies both bodies: without a limit a chain takes quadratic time, and its body registers no target has.
static constexpr size_t maxOperands = 32, maxBodySize = 128;

static bool isSmall(linalg::LinalgOp producer, linalg::LinalgOp consumer) {
  return producer->getNumOperands() + consumer->getNumOperands() <= maxOperands &&
         producer.getBlock()->getOperations().size() + consumer.getBlock()->getOperations().size() <= maxBodySize;
}

/// A producer is fused where this is its only use: computing it twice is a matter of keep-or-recompute, not of fusion.
static bool shouldFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
  auto consumer = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  return producer && producer->hasOneUse() && consumer && !linalg::isaContractionOpInterface(consumer) &&
         isSmall(producer, consumer);
}

/// Where upstream folds a constant into an op, it adds the places of all operands to the op's, behind it. They say
/// nothing of which layer and stage the op is of.
static void keepOwnPlace(Operation *op) {
  if (auto fused = dyn_cast<FusedLoc>(op->getLoc()); fused && !fused.getMetadata())
    op->setLoc(fused.getLocations().front());
}

namespace {
struct FuseElementwise : nn::impl::FuseElementwiseBase<FuseElementwise> {
  using Base::Base;

  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(patterns, shouldFuse);
    linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
    linalg::GenericOp::getCanonicalizationPatterns(patterns, &getContext());
    GreedyRewriteConfig config;
    config.setUseTopDownTraversal();
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      return signalPassFailure();
    getOperation().walk(keepOwnPlace);
  }
};
} // namespace
