// --nn-parallelize-loops: loops whose turns are independent of each other become parallel ones.
#include "codegen/Buffers.h"
#include "codegen/ParallelLoops.h"
#include "codegen/Passes.h"
#include "codegen/cpu/GenericLoops.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace mlir::nn {
#define GEN_PASS_DEF_PARALLELIZELOOPS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Whether turns share a temporary: what was a value of each turn's own has got one buffer before the loop.
static bool sharesTemporary(scf::ForOp loop) {
  return loop
      .walk([&](Operation *op) {
        for (OpOperand &operand : op->getOpOperands()) {
          if (!isa<MemRefType>(operand.get().getType()) || !writes(getAccess(op, operand)))
            continue;
          Operation *source = getBufferRoot(operand.get()).getDefiningOp();
          if (source && !loop->isProperAncestor(source))
            return WalkResult::interrupt();
        }
        return WalkResult::advance();
      })
      .wasInterrupted();
}

/// Operations on elements in a turn.
static int64_t getWork(scf::ForOp loop, const CpuTarget &target) {
  int64_t work = 0;
  loop.walk([&](linalg::GenericOp op) { work += scheduleGeneric(op, target).work; });
  return work;
}

static void parallelize(scf::ForOp loop, int64_t turns, const CpuTarget &target) {
  bool countsUp = isConstantIntValue(loop.getLowerBound(), 0) && isConstantIntValue(loop.getStep(), 1);
  if (!countsUp || loop.getNumResults() != 0 || turns <= 0 || isInsideParallelLoop(loop) || sharesTemporary(loop))
    return;
  int64_t work = 0;
  if (llvm::MulOverflow(getWork(loop, target), turns, work))
    work = INT64_MAX;
  int64_t tasks = std::min(getNumTasks(work), turns);
  if (tasks == 1)
    return;
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  buildParallelPieces(builder, loc, turns, llvm::divideCeil(turns, tasks), [&](Value begin, Value end) {
    Value last = arith::MinSIOp::create(builder, loc, end, loop.getUpperBound());
    loop->moveBefore(builder.getInsertionBlock(), builder.getInsertionPoint());
    loop.setLowerBound(begin);
    loop.setUpperBound(last);
  });
}

namespace {
struct ParallelizeLoops : nn::impl::ParallelizeLoopsBase<ParallelizeLoops> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CpuTarget> target = getCpuTarget(getOperation(), march);
    if (failed(target))
      return signalPassFailure();
    SmallVector<scf::ForOp> loops;
    getOperation()->walk([&](scf::ForOp loop) { loops.push_back(loop); });
    for (scf::ForOp loop : loops)
      if (auto turns = dyn_cast_or_null<IntegerAttr>(loop->removeAttr(turnsAttributeName)))
        parallelize(loop, turns.getInt(), *target);
  }
};
} // namespace
