// Parallel loops and their tasks; see ParallelLoops.h.
#include "codegen/ParallelLoops.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

SmallVector<scf::ForallOp> nn::getParallelLoops(Operation *op) {
  SmallVector<scf::ForallOp> loops;
  op->walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
    loops.push_back(loop);
    return WalkResult::skip();
  });
  return loops;
}

FailureOr<SmallVector<LoopDimension>> nn::getDimensions(scf::ForallOp loop) {
  SmallVector<LoopDimension> dimensions;
  for (auto [lower, upper, step] :
       llvm::zip_equal(loop.getMixedLowerBound(), loop.getMixedUpperBound(), loop.getMixedStep())) {
    std::optional<int64_t> from = getConstantIntValue(lower), to = getConstantIntValue(upper),
                           by = getConstantIntValue(step);
    if (!from || !to || !by || *by <= 0)
      return loop.emitOpError() << "is a parallel loop without constant bounds";
    dimensions.push_back({*from, std::max<int64_t>(0, llvm::divideCeilSigned(*to - *from, *by)), *by});
  }
  return dimensions;
}

int64_t nn::countTasks(ArrayRef<LoopDimension> dimensions) {
  int64_t count = 1;
  for (const LoopDimension &dimension : dimensions)
    count *= dimension.count;
  return count;
}
