// --nn-lower-contractions: matrix products on buffers become register-tiled
// vector loops.
#include "codegen/cpu/LowerContractions.h"
#include "codegen/Buffers.h"
#include "codegen/Passes.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/CollapseLoops.h"
#include "codegen/cpu/ContractionKernel.h"
#include "codegen/cpu/ContractionSchedule.h"
#include "codegen/cpu/Target.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERCONTRACTIONS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Replaces `operand` by a copy whose dimensions are the loops of `order` that it depends on, in this order.
static void packOperand(IRRewriter &rewriter, Contraction &contraction, OpOperand *operand, ArrayRef<unsigned> order) {
  linalg::GenericOp op = contraction.op;
  AffineMap map = op.getMatchingIndexingMap(operand);
  MLIRContext *context = op.getContext();
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> packedDims, sourceDims(map.getNumResults());
  for (unsigned loop : order) {
    std::optional<unsigned> position = map.getResultPosition(getAffineDimExpr(loop, context));
    if (!position)
      continue;
    sourceDims[*position] = getAffineDimExpr(shape.size(), context);
    packedDims.push_back(getAffineDimExpr(loop, context));
    shape.push_back(contraction.getExtent(loop));
  }

  Location loc = op.getLoc();
  rewriter.setInsertionPoint(findCopyPlace(op, operand->get()));
  auto type = MemRefType::get(shape, cast<MemRefType>(operand->get().getType()).getElementType());
  Value packed = memref::AllocOp::create(rewriter, loc, type, rewriter.getI64IntegerAttr(64));
  countCopy(op, "packed");
  int64_t rank = shape.size();
  AffineMap sourceMap = AffineMap::get(rank, 0, sourceDims, context);
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  linalg::GenericOp::create(
      rewriter, loc, operand->get(), packed, ArrayRef{sourceMap, rewriter.getMultiDimIdentityMap(rank)}, iterators,
      [](OpBuilder &builder, Location loc, ValueRange args) { linalg::YieldOp::create(builder, loc, args[0]); });
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps[operand->getOperandNumber()] = AffineMap::get(op.getNumLoops(), 0, packedDims, context);
  rewriter.modifyOpInPlace(op, [&] {
    op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
    operand->set(packed);
  });
}

/// Vectors of b run along its columns: where they lie otherwise, b is copied first, unless the kernel copies panels of
/// it anyway.
static void packColumns(IRRewriter &rewriter, Contraction &contraction, const CpuTarget &target) {
  if (getStrideAlong(contraction.b, contraction.vectorLoop) == 1)
    return;
  if (!contraction.sums.empty() && getStrideAlong(contraction.b, contraction.sums.back()) == 1 &&
      scheduleContraction(contraction, target).panels != PanelsOfB::inPlace)
    return;
  SmallVector<unsigned> order =
      llvm::to_vector(llvm::concat<unsigned>(contraction.batch, contraction.sums, contraction.columns));
  llvm::erase(order, contraction.vectorLoop);
  order.push_back(contraction.vectorLoop);
  packOperand(rewriter, contraction, contraction.b, order);
}

/// A product whose form the register tiles do not take keeps its rounding: one
/// FMA for each term.
static void fuseMultiplyAdd(IRRewriter &rewriter, linalg::GenericOp op) {
  if (!hasMultiplyAddBody(op) || !isa<FloatType>(op.getRegionOutputArgs()[0].getType()))
    return;
  Block *body = op.getBody();
  Operation *sum = body->getTerminator()->getOperand(0).getDefiningOp();
  if (isa<math::FmaOp>(sum))
    return;
  rewriter.setInsertionPoint(sum);
  rewriter.replaceOpWithNewOp<math::FmaOp>(sum, body->getArgument(0), body->getArgument(1), body->getArgument(2));
  rewriter.eraseOp(&body->front());
}

/// The choices on a contraction, if there are any, have to be possible ones.
static LogicalResult verifySchedule(const Contraction &contraction, const CpuTarget &target) {
  linalg::GenericOp op = contraction.op;
  Attribute attribute = op->getAttr(scheduleAttributeName);
  if (!attribute)
    return success();
  FailureOr<ScheduleChoices> choices = readScheduleAttribute(op, attribute);
  if (failed(choices))
    return failure();
  std::string problem = findScheduleProblem(contraction, target, *choices);
  return problem.empty() ? success() : op.emitError() << scheduleAttributeName << ": " << problem;
}

namespace {
class Lowering {
public:
  Lowering(func::FuncOp function, const CpuTarget &target, ContractionVisitor visit)
      : function(function), target(target), visit(visit), rewriter(function.getContext()),
        knowsRoots(touchesKnownRootsOnly(function)) {}

  LogicalResult run() {
    if (failed(findGroups()))
      return failure();
    for (const ContractionGroup &group : groups) {
      emitContraction(rewriter, group, target);
      eraseGroup(group);
    }
    return success();
  }

private:
  /// The contractions, prepared, with their neighbours. All are found before loops are emitted: what stands between two
  /// ops is searched for what it reads and writes, and loops are long.
  LogicalResult findGroups() {
    SmallVector<linalg::GenericOp> ops;
    function.walk([&](linalg::GenericOp op) { ops.push_back(op); });
    for (auto [number, op] : llvm::enumerate(ops))
      if (!erased.contains(op) && !taken.contains(op) && failed(findGroup(number, op)))
        return failure();
    return success();
  }

  LogicalResult findGroup(size_t number, linalg::GenericOp op) {
    FailureOr<Contraction> contraction = matchContraction(op);
    if (failed(contraction)) {
      if (op->hasAttr(scheduleAttributeName))
        return op.emitError() << scheduleAttributeName << " is for matrix products that register tiles take";
      fuseMultiplyAdd(rewriter, op);
      return success();
    }
    collapseLoops(*contraction);
    if (failed(verifySchedule(*contraction, target)))
      return failure();
    if (visit)
      visit(number, fuseNeighbours(*contraction, taken, knowsRoots));
    packColumns(rewriter, *contraction, target);
    groups.push_back(fuseNeighbours(*contraction, taken, knowsRoots));
    taken.insert_range(groups.back().getOps());
    return success();
  }

  /// Merges what loops of a contraction and its neighbours can be merged.
  void collapseLoops(Contraction &contraction) {
    Attribute schedule = contraction.op->getAttr(scheduleAttributeName);
    ContractionGroup group = fuseNeighbours(contraction, taken, knowsRoots);
    SmallVector<Operation *> members = group.getOps();
    SmallVector<linalg::GenericOp> collapsed = collapseGroup(rewriter, group);
    for (auto [before, after] : llvm::zip(members, collapsed)) {
      if (before != after.getOperation())
        erased.insert(before);
      if (FailureOr<Contraction> found = matchContraction(after); before == contraction.op && succeeded(found))
        contraction = *found;
    }
    if (schedule)
      contraction.op->setAttr(scheduleAttributeName, schedule);
  }

  /// Erases what the kernel replaces, and buffers that nobody sees any more.
  void eraseGroup(const ContractionGroup &group) {
    llvm::SetVector<Value> roots;
    SmallVector<Operation *> ops = group.getOps();
    for (Operation *op : ops)
      for (Value output : cast<linalg::GenericOp>(op).getDpsInits())
        if (Value root = getKnownRoot(output))
          roots.insert(root);
    for (Operation *op : llvm::reverse(ops))
      rewriter.eraseOp(op);
    for (Value root : roots)
      eraseIfUnused(root);
  }

  func::FuncOp function;
  const CpuTarget &target;
  ContractionVisitor visit;
  IRRewriter rewriter;
  bool knowsRoots;
  std::vector<ContractionGroup> groups;
  /// Ops that were there at first and are no more.
  DenseSet<Operation *> erased;
  /// Members of groups.
  DenseSet<Operation *> taken;
};

struct LowerContractions : nn::impl::LowerContractionsBase<LowerContractions> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target) || failed(lowerContractions(getOperation(), *target)))
      signalPassFailure();
  }
};
} // namespace

LogicalResult nn::lowerContractions(func::FuncOp function, const CpuTarget &target, ContractionVisitor visit) {
  return Lowering(function, target, visit).run();
}
