// Finds which loops of a linalg.generic on buffers can be merged, and merges
// them with upstream's means.
#include "codegen/cpu/CollapseLoops.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

/// Whether loops `loop` and `loop + 1` walk through `operand` as one loop
/// would.
static bool isContiguousAcross(linalg::GenericOp op, OpOperand *operand, unsigned loop) {
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (!map.isFunctionOfDim(loop) && !map.isFunctionOfDim(loop + 1))
    return true;
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type || !map.isProjectedPermutation() || failed(type.getStridesAndOffset(strides, offset)))
    return false;
  for (unsigned i = 0; i + 1 < map.getNumResults(); ++i)
    if (map.getDimPosition(i) == loop)
      return map.getDimPosition(i + 1) == loop + 1 && !ShapedType::isDynamic(strides[i]) &&
             strides[i] == strides[i + 1] * type.getDimSize(i + 1);
  return false;
}

linalg::GenericOp nn::collapseLoops(RewriterBase &rewriter, linalg::GenericOp op) {
  if (op.hasIndexSemantics() || op.getNumLoops() < 2)
    return op;
  SmallVector<utils::IteratorType> iterators = op.getIteratorTypesArray();
  SmallVector<ReassociationIndices> groups = {{0}};
  for (unsigned loop = 0; loop + 1 < op.getNumLoops(); ++loop) {
    bool merge = iterators[loop] == iterators[loop + 1] && llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) {
                   return isContiguousAcross(op, &operand, loop);
                 });
    if (!merge)
      groups.emplace_back();
    groups.back().push_back(loop + 1);
  }
  if (groups.size() == op.getNumLoops())
    return op;
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::CollapseResult> collapsed = linalg::collapseOpIterationDims(op, groups, rewriter);
  if (failed(collapsed))
    return op;
  rewriter.eraseOp(op);
  return cast<linalg::GenericOp>(collapsed->collapsedOp.getOperation());
}
