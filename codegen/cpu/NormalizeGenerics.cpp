// --nn-normalize-generics: one form for all linalg operations on buffers, so
// that the passes after it know only one.
#include "codegen/Passes.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/LoopInvariantCodeMotionUtils.h"

namespace mlir::nn {
#define GEN_PASS_DEF_NORMALIZEGENERICS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// memref.copy as the linalg.generic that yields its input.
static void replaceCopy(IRRewriter &rewriter, memref::CopyOp copy) {
  rewriter.setInsertionPoint(copy);
  int64_t rank = cast<MemRefType>(copy.getTarget().getType()).getRank();
  AffineMap identity = rewriter.getMultiDimIdentityMap(rank);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  rewriter.replaceOpWithNewOp<linalg::GenericOp>(
      copy, copy.getSource(), copy.getTarget(), ArrayRef{identity, identity}, iterators,
      [](OpBuilder &b, Location loc, ValueRange args) { linalg::YieldOp::create(b, loc, args[0]); });
}

/// Moves linalg.index out of regions nested in the body: there it has its
/// meaning without them.
static void hoistIndices(linalg::GenericOp op) {
  op.getBody()->walk([&](linalg::IndexOp index) {
    if (index->getBlock() != op.getBody())
      index->moveBefore(&op.getBody()->front());
  });
}

static void dropUnitLoops(IRRewriter &rewriter, linalg::GenericOp op) {
  if (llvm::none_of(op.getStaticLoopRanges(), [](int64_t extent) { return extent == 1; }))
    return;
  rewriter.setInsertionPoint(op);
  linalg::ControlDropUnitDims control;
  control.rankReductionStrategy = linalg::ControlDropUnitDims::RankReductionStrategy::ExtractInsertSlice;
  if (FailureOr<linalg::DropUnitDimsResult> dropped = linalg::dropUnitDims(rewriter, op, control); succeeded(dropped))
    rewriter.eraseOp(op);
}

/// Upstream's bodies of named ops have no places; what an op works for is known by its place once loops have taken it
/// apart.
static void locateBody(linalg::GenericOp op) {
  op.getBody()->walk([&](Operation *inner) {
    if (!isKnownLocation(inner->getLoc()))
      inner->setLoc(op.getLoc());
  });
}

namespace {
struct NormalizeGenerics : nn::impl::NormalizeGenericsBase<NormalizeGenerics> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](memref::CopyOp copy) { replaceCopy(rewriter, copy); });
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic) {
        rewriter.setInsertionPoint(op);
        FailureOr<linalg::GenericOp> generalized = linalg::generalizeNamedOp(rewriter, op);
        if (failed(generalized)) {
          op.emitError() << "has no form as linalg.generic";
          return signalPassFailure();
        }
        generic = *generalized;
      }
      locateBody(generic);
      hoistIndices(generic);
      dropUnitLoops(rewriter, generic);
    }
    hoistViews();
  }

  /// Views of what does not change in a loop are made before it.
  void hoistViews() {
    getOperation()->walk([&](LoopLikeOpInterface loop) {
      moveLoopInvariantCode(
          loop.getLoopRegions(), [&](Value value, Region *) { return loop.isDefinedOutsideOfLoop(value); },
          [&](Operation *op, Region *) { return isa<ViewLikeOpInterface>(op) && isPure(op); },
          [&](Operation *op, Region *) { loop.moveOutOfLoop(op); });
    });
  }
};
} // namespace
