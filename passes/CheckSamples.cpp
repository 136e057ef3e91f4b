// Refuses what mixes the samples of a batch without knowing which of them are valid: a short last batch runs through
// the same program with padding, which must not reach the valid samples' results. Layers keep samples apart, or take
// the number of valid samples (MaskedOpInterface); for upstream ops this pass follows the batch dimension through them.
#include "dialect/NN.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_CHECKSAMPLES
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// The dimension of a value along which samples lie; none for what does not depend on the batch.
using BatchDim = std::optional<int64_t>;
/// The iterator of a structured op that runs over samples.
using LinalgIterator = std::optional<std::pair<Operation *, unsigned>>;

class SampleTracker {
public:
  LogicalResult visitBlock(Block &block) {
    for (Operation &op : block)
      if (failed(visit(&op)))
        return failure();
    return success();
  }

  void setBatch(Value value, BatchDim dim) { dims[value] = dim; }
  BatchDim getBatch(Value value) const { return dims.lookup(value); }

  /// After a visit: how many samples there are must decide on shapes only.
  LogicalResult checkBatchSizes(Operation *callable) {
    WalkResult result = callable->walk([&](tensor::DimOp dim) {
      auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
      std::optional<int64_t> index = dim.getConstantIndex();
      bool isBatch = !type || !index || *index < 0 || *index >= type.getRank() || type.isDynamicDim(*index) ||
                     getBatch(dim.getSource()) == index;
      if (isBatch)
        for (OpOperand &use : dim->getUses())
          if (!isSize(use)) {
            InFlightDiagnostic error = dim.emitOpError()
                                       << "gives the size of the batch, and '" << use.getOwner()->getName()
                                       << "' computes with it: results would depend on how many samples are "
                                       << "evaluated together; it may be the size of a tensor only";
            error.attachNote(use.getOwner()->getLoc()) << "used here";
            return WalkResult::interrupt();
          }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

private:
  LogicalResult visit(Operation *op) {
    if (failed(visitOp(op)))
      return failure();
    // Rows of something else, one a sample, would tell samples apart by their places.
    for (Value result : op->getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType()); type && !type.hasStaticShape() && !getBatch(result))
        return mixes(op, "but makes them of what holds none");
    return success();
  }

  LogicalResult visitOp(Operation *op) {
    if (isa<LayerOpInterface, CallOp>(op))
      return visitLayer(op);
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return visitLinalg(linalgOp);
    if (auto loop = dyn_cast<scf::ForOp>(op))
      return visitLoop(loop);
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return visitReshape(op, expand.getSrc(), expand.getReassociationIndices(), /*expands=*/true);
    if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
      return visitReshape(op, collapse.getSrc(), collapse.getReassociationIndices(), /*expands=*/false);
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return visitExtract(slice);
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      return visitInsert(slice);
    if (OpTrait::hasElementwiseMappableTraits(op))
      return visitElementwise(op);
    if (isa<tensor::EmptyOp, tensor::SplatOp>(op))
      return visitUniform(op);
    // Shapes, and what has no results to carry samples on.
    if (isa<tensor::DimOp>(op) || op->getNumResults() == 0)
      return success();
    bool isBatched = llvm::any_of(op->getOperands(), [&](Value operand) { return getBatch(operand).has_value(); }) ||
                     llvm::any_of(op->getResultTypes(), [](Type type) {
                       auto shaped = dyn_cast<ShapedType>(type);
                       return shaped && !shaped.hasStaticShape();
                     });
    if (isBatched)
      return mixes(op, "and nnc cannot tell whether it keeps samples apart");
    return visitCaptures(op, std::nullopt);
  }

  /// What is the same for all samples: the dimension that is not static is the batch.
  LogicalResult visitUniform(Operation *op) {
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (type.getNumDynamicDims() > 1)
      return mixes(op, "along more than one dimension");
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.isDynamicDim(dim))
        setBatch(op->getResult(0), dim);
    return success();
  }

  /// Sizes of tensors and of slices.
  static bool isSize(OpOperand &use) {
    Operation *op = use.getOwner();
    auto isIn = [&](OperandRange range) {
      return use.getOperandNumber() >= range.getBeginOperandIndex() &&
             use.getOperandNumber() < range.getBeginOperandIndex() + range.size();
    };
    if (isa<tensor::EmptyOp>(op))
      return true;
    if (auto splat = dyn_cast<tensor::SplatOp>(op))
      return isIn(splat.getDynamicSizes());
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      return isIn(slice.getSizes());
    if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
      return isIn(slice.getSizes());
    if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
      return isIn(expand.getOutputShape());
    return false;
  }

  static bool isIndexOf(Value value, LinalgIterator iterator) {
    auto index = value.getDefiningOp<linalg::IndexOp>();
    return index && iterator && index.getDim() == iterator->second && index->getParentOp() == iterator->first;
  }

  /// Whether the sample that is worked on is read there, and no other.
  bool readsOwnSample(OpOperand &use, LinalgIterator iterator) {
    auto extract = dyn_cast<tensor::ExtractOp>(use.getOwner());
    BatchDim dim = extract ? getBatch(extract.getTensor()) : std::nullopt;
    if (!dim)
      return false;
    return use.getOperandNumber() == 0 ? isIndexOf(extract.getIndices()[*dim], iterator)
                                       : use.getOperandNumber() == *dim + 1 && isIndexOf(use.get(), iterator);
  }

  /// What the regions of an op read from outside, or know of the place of a sample in the batch.
  LogicalResult visitCaptures(Operation *op, LinalgIterator iterator) {
    WalkResult result = op->walk([&](Operation *nested) {
      if (nested == op)
        return WalkResult::advance();
      for (OpOperand &operand : nested->getOpOperands())
        if (getBatch(operand.get()) && !isa<tensor::DimOp>(nested) && !readsOwnSample(operand, iterator)) {
          (void)mixes(nested, "and nnc cannot tell whether it keeps samples apart");
          return WalkResult::interrupt();
        }
      if (nested->getNumResults() == 1 && isIndexOf(nested->getResult(0), iterator))
        for (OpOperand &use : nested->getUses())
          if (!readsOwnSample(use, iterator)) {
            nested->emitOpError() << "gives the place of a sample in the batch, and '" << use.getOwner()->getName()
                                  << "' computes with it: a sample's result would depend on where in the batch it is";
            return WalkResult::interrupt();
          }
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult mixes(Operation *op, const Twine &why) {
    return op->emitOpError() << "works on values that hold one entry a sample, " << why
                             << "; a short last batch would let padding into valid samples' results";
  }

  LogicalResult visitLayer(Operation *op) {
    bool batched = isa<CallOp>(op);
    for (Value operand : op->getOperands())
      if (BatchDim dim = getBatch(operand)) {
        if (*dim != 0)
          return mixes(op, "along dimension " + Twine(*dim) + ", but layers take the batch first");
        batched = true;
      }
    for (Value result : op->getResults()) {
      auto type = dyn_cast<RankedTensorType>(result.getType());
      setBatch(result, batched && type && type.getRank() > 0 ? BatchDim(0) : std::nullopt);
    }
    return success();
  }

  LogicalResult visitElementwise(Operation *op) {
    BatchDim dim;
    for (Value operand : op->getOperands())
      if (BatchDim other = getBatch(operand)) {
        if (dim && *dim != *other)
          return mixes(op, "along different dimensions of its operands");
        dim = other;
      }
    for (Value result : op->getResults())
      setBatch(result, dim);
    return success();
  }

  LogicalResult visitLinalg(linalg::LinalgOp op) {
    std::optional<unsigned> iterator;
    for (OpOperand &operand : op->getOpOperands())
      if (BatchDim dim = getBatch(operand.get())) {
        auto expr = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(*dim));
        if (!expr || (iterator && *iterator != expr.getPosition()))
          return mixes(op, "and does not go through them one by one");
        iterator = expr.getPosition();
      }
    if (failed(visitCaptures(op, iterator ? LinalgIterator({op, *iterator}) : std::nullopt)))
      return failure();
    if (!iterator)
      return success();
    for (OpOperand *input : op.getDpsInputOperands())
      if (isPerPlace(op, input, *iterator))
        return mixes(op, "and reads one entry a sample of operand " + Twine(input->getOperandNumber()) +
                             ", which does not depend on the batch");
    if (op.getIteratorTypesArray()[*iterator] != utils::IteratorType::parallel)
      return mixes(op, "and reduces over them");
    for (auto [index, result] : llvm::enumerate(op->getResults())) {
      AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(index));
      std::optional<unsigned> position = map.getResultPosition(getAffineDimExpr(*iterator, op.getContext()));
      if (!position)
        return mixes(op, "and writes one result for all of them");
      setBatch(result, static_cast<int64_t>(*position));
    }
    return success();
  }

  /// Whether an input of fixed shape has an element for each place in the batch.
  bool isPerPlace(linalg::LinalgOp op, OpOperand *input, unsigned iterator) {
    auto type = dyn_cast<RankedTensorType>(input->get().getType());
    if (!type || getBatch(input->get()))
      return false;
    auto position = op.getMatchingIndexingMap(input).getResultPosition(getAffineDimExpr(iterator, op.getContext()));
    // In a file that fixes the batch itself shapes do not tell.
    return position && !type.isDynamicDim(*position) && llvm::any_of(op->getOperands(), [&](Value operand) {
             BatchDim dim = getBatch(operand);
             return dim && cast<RankedTensorType>(operand.getType()).isDynamicDim(*dim);
           });
  }

  LogicalResult visitReshape(Operation *op, Value source, ArrayRef<ReassociationIndices> groups, bool expands) {
    BatchDim dim = getBatch(source);
    if (!dim)
      return success();
    for (auto [index, group] : llvm::enumerate(groups)) {
      bool holdsBatch = expands ? static_cast<int64_t>(index) == *dim : llvm::is_contained(group, *dim);
      if (!holdsBatch)
        continue;
      if (group.size() != 1)
        return mixes(op, "and merges or splits the dimension they lie along");
      setBatch(op->getResult(0), expands ? group.front() : static_cast<int64_t>(index));
    }
    return success();
  }

  /// A slice must take the batch whole.
  static bool takesAll(OffsetSizeAndStrideOpInterface slice, int64_t dim, RankedTensorType source) {
    if (!isConstantIntValue(slice.getMixedOffsets()[dim], 0) || !isConstantIntValue(slice.getMixedStrides()[dim], 1))
      return false;
    std::optional<int64_t> size = getConstantIntValue(slice.getMixedSizes()[dim]);
    return source.isDynamicDim(dim) ? !size : size == source.getDimSize(dim);
  }

  LogicalResult visitExtract(tensor::ExtractSliceOp op) {
    BatchDim dim = getBatch(op.getSource());
    if (!dim)
      return success();
    if (!takesAll(op, *dim, op.getSourceType()))
      return mixes(op, "and takes some of them only");
    llvm::SmallBitVector dropped = op.getDroppedDims();
    if (dropped.test(*dim))
      return mixes(op, "and drops the dimension they lie along");
    int64_t position = *dim;
    for (int64_t d = 0; d < *dim; ++d)
      position -= dropped.test(d);
    setBatch(op.getResult(), position);
    return success();
  }

  LogicalResult visitInsert(tensor::InsertSliceOp op) {
    BatchDim source = getBatch(op.getSource()), dest = getBatch(op.getDest());
    if (!source && !dest)
      return success();
    llvm::SmallBitVector dropped = op.getDroppedDims();
    BatchDim placed = dest;
    if (source) {
      int64_t position = -1, kept = -1;
      while (kept < *source)
        kept += !dropped.test(++position);
      if (dest && *dest != position)
        return mixes(op, "along different dimensions of its operands");
      placed = position;
    }
    if (!takesAll(op, *placed, op.getDestType()))
      return mixes(op, "and writes some of them only");
    setBatch(op.getResult(), placed);
    return success();
  }

  LogicalResult visitLoop(scf::ForOp loop) {
    for (auto [argument, init] : llvm::zip(loop.getRegionIterArgs(), loop.getInitArgs()))
      setBatch(argument, getBatch(init));
    // A carried value may get the batch from the body; once more around then settles it.
    for (bool changed = true; changed;) {
      changed = false;
      if (failed(visitBlock(*loop.getBody())))
        return failure();
      for (auto [argument, yielded] : llvm::zip(loop.getRegionIterArgs(), loop.getYieldedValues())) {
        BatchDim before = getBatch(argument), after = getBatch(yielded);
        if (before == after)
          continue;
        if (before)
          return mixes(loop, "and carries them along another dimension from one turn to the next");
        setBatch(argument, after);
        changed = true;
      }
    }
    for (auto [result, argument] : llvm::zip(loop.getResults(), loop.getRegionIterArgs()))
      setBatch(result, getBatch(argument));
    return success();
  }

  llvm::DenseMap<Value, BatchDim> dims;
};

struct CheckSamples : nn::impl::CheckSamplesBase<CheckSamples> {
  using Base::Base;

  void runOnOperation() override {
    for (Operation &op : *getOperation().getBody()) {
      if (!isa<ModelOp, StepOp>(op))
        continue;
      SampleTracker tracker;
      Block &body = op.getRegion(0).front();
      for (BlockArgument argument : body.getArguments())
        tracker.setBatch(argument, 0);
      if (failed(tracker.visitBlock(body)) || failed(tracker.checkBatchSizes(&op)))
        return signalPassFailure();
      for (Value result : body.getTerminator()->getOperands())
        if (tracker.getBatch(result).value_or(0) != 0) {
          body.getTerminator()->emitOpError() << "returns a value that holds the batch along dimension "
                                              << *tracker.getBatch(result) << "; it must come first";
          return signalPassFailure();
        }
    }
  }
};

} // namespace
