// --nn-lower-contractions: matrix products on buffers become register-tiled
// vector loops.
#include "codegen/cpu/LowerContractions.h"
#include "codegen/Buffers.h"
#include "codegen/Passes.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/CollapseLoops.h"
#include "codegen/cpu/ContractionKernel.h"
#include "codegen/cpu/ContractionSchedule.h"
#include "codegen/cpu/PackOperand.h"
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
    FailureOr<Contraction> contraction = matchContraction(op, target);
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
      if (FailureOr<Contraction> found = matchContraction(after, target); before == contraction.op && succeeded(found))
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
