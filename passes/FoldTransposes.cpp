// Makes linalg.transpose free where it can be: what reads the transposed tensor reads the original in another order,
// and what is transposed wherever it is read is produced in that order.
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_FOLDTRANSPOSES
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;

namespace {

/// A linalg.generic that reads a transposed tensor.
struct ReadOriginal : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    bool changed = false;
    for (OpOperand *input : op.getDpsInputOperands()) {
      auto transpose = input->get().getDefiningOp<linalg::TransposeOp>();
      if (!transpose)
        continue;
      AffineMap &map = maps[input->getOperandNumber()];
      SmallVector<AffineExpr> original(map.getNumResults());
      for (auto [position, dim] : llvm::enumerate(transpose.getPermutation()))
        original[dim] = map.getResult(position);
      map = AffineMap::get(map.getNumDims(), 0, original, op.getContext());
      rewriter.modifyOpInPlace(op, [&] { input->set(transpose.getInput()); });
      changed = true;
    }
    if (!changed)
      return failure();
    rewriter.modifyOpInPlace(op, [&] { op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps)); });
    return success();
  }
};

/// An element of a transposed tensor.
struct ExtractOriginal : OpRewritePattern<tensor::ExtractOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(tensor::ExtractOp extract, PatternRewriter &rewriter) const override {
    auto transpose = extract.getTensor().getDefiningOp<linalg::TransposeOp>();
    if (!transpose)
      return failure();
    SmallVector<Value> indices(transpose.getPermutation().size());
    for (auto [position, dim] : llvm::enumerate(transpose.getPermutation()))
      indices[dim] = extract.getIndices()[position];
    rewriter.replaceOpWithNewOp<tensor::ExtractOp>(extract, transpose.getInput(), indices);
    return success();
  }
};

/// An elementwise op whose result is only ever read transposed, always in the same order. Its rows stay what they are,
/// so that it writes whole rows still.
struct ProduceTransposed : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(linalg::GenericOp op, PatternRewriter &rewriter) const override {
    if (op->getNumResults() != 1 || op.getNumParallelLoops() != op.getNumLoops() ||
        op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) ||
        !op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isPermutation())
      return failure();
    linalg::TransposeOp first;
    for (Operation *user : op->getUsers()) {
      auto transpose = dyn_cast<linalg::TransposeOp>(user);
      if (!transpose || transpose.getInput() != op.getResult(0) ||
          (first && first.getPermutation() != transpose.getPermutation()))
        return failure();
      first = transpose;
    }
    if (!first || first.getPermutation().empty() ||
        first.getPermutation().back() != static_cast<int64_t>(first.getPermutation().size()) - 1)
      return failure();

    auto type = cast<RankedTensorType>(first.getResult()[0].getType());
    SmallVector<AffineMap> maps = op.getIndexingMapsArray();
    SmallVector<AffineExpr> exprs;
    for (int64_t dim : first.getPermutation())
      exprs.push_back(maps.back().getResult(dim));
    maps.back() = AffineMap::get(maps.back().getNumDims(), 0, exprs, op.getContext());
    rewriter.setInsertionPoint(op);
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(), type.getElementType());
    auto produced = linalg::GenericOp::create(rewriter, op.getLoc(), TypeRange{type}, op.getDpsInputs(), empty, maps,
                                              op.getIteratorTypesArray());
    rewriter.inlineRegionBefore(op.getRegion(), produced.getRegion(), produced.getRegion().begin());
    for (Operation *user : llvm::make_early_inc_range(op->getUsers()))
      rewriter.replaceOp(user, produced.getResult(0));
    rewriter.eraseOp(op);
    return success();
  }
};

struct FoldTransposes : nn::impl::FoldTransposesBase<FoldTransposes> {
  using Base::Base;

  void runOnOperation() override {
    // Producers first: readers of the original would keep it as it is.
    if (failed(apply<ProduceTransposed>()) || failed(apply<ReadOriginal, ExtractOriginal>()))
      signalPassFailure();
  }

  template <typename... Patterns> LogicalResult apply() {
    RewritePatternSet patterns(&getContext());
    patterns.add<Patterns...>(&getContext());
    linalg::TransposeOp::getCanonicalizationPatterns(patterns, &getContext());
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};
} // namespace
