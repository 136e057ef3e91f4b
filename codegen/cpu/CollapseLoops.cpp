// Finds which loops of linalg.generics on buffers can be merged, and merges them with upstream's means.
#include "codegen/cpu/CollapseLoops.h"
#include "codegen/cpu/Contraction.h"
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

/// Whether loops `loop` and `loop + 1` of `op` can be one.
static bool canMerge(linalg::GenericOp op, unsigned loop) {
  return !op.hasIndexSemantics() && op.getIteratorTypesArray()[loop] == op.getIteratorTypesArray()[loop + 1] &&
         llvm::all_of(op->getOpOperands(), [&](OpOperand &operand) { return isContiguousAcross(op, &operand, loop); });
}

/// Runs of loops, from whether each loop but the last can be merged with the next.
static SmallVector<ReassociationIndices> makeGroups(unsigned numLoops, llvm::function_ref<bool(unsigned)> merges) {
  SmallVector<ReassociationIndices> groups = {{0}};
  for (unsigned loop = 0; loop + 1 < numLoops; ++loop) {
    if (!merges(loop))
      groups.emplace_back();
    groups.back().push_back(loop + 1);
  }
  return groups;
}

/// `op` with its loops merged by `groups`; null, and `op` as it was, where upstream cannot.
static linalg::GenericOp collapse(RewriterBase &rewriter, linalg::GenericOp op, ArrayRef<ReassociationIndices> groups) {
  rewriter.setInsertionPoint(op);
  FailureOr<linalg::CollapseResult> collapsed = linalg::collapseOpIterationDims(op, groups, rewriter);
  if (failed(collapsed))
    return {};
  rewriter.eraseOp(op);
  return cast<linalg::GenericOp>(collapsed->collapsedOp.getOperation());
}

static linalg::GenericOp collapseWhere(RewriterBase &rewriter, linalg::GenericOp op,
                                       llvm::function_ref<bool(unsigned)> merges) {
  unsigned numLoops = op.getNumLoops();
  if (numLoops < 2)
    return op;
  SmallVector<ReassociationIndices> groups = makeGroups(numLoops, merges);
  if (groups.size() == numLoops)
    return op;
  linalg::GenericOp collapsed = collapse(rewriter, op, groups);
  return collapsed ? collapsed : op;
}

linalg::GenericOp nn::collapseLoops(RewriterBase &rewriter, linalg::GenericOp op) {
  return collapseWhere(rewriter, op, [&](unsigned loop) { return canMerge(op, loop); });
}

linalg::GenericOp nn::collapseSums(RewriterBase &rewriter, linalg::GenericOp op) {
  return collapseWhere(rewriter, op, [&](unsigned loop) {
    return op.getIteratorTypesArray()[loop] == utils::IteratorType::reduction && canMerge(op, loop);
  });
}

SmallVector<linalg::GenericOp> nn::collapseGroup(RewriterBase &rewriter, const ContractionGroup &group) {
  const Contraction &contraction = group.contraction;
  linalg::GenericOp op = contraction.op;
  SmallVector<linalg::GenericOp> members, collapsed;
  for (Operation *member : group.getOps())
    members.push_back(cast<linalg::GenericOp>(member));
  AffineMap result = op.getMatchingIndexingMap(contraction.c);
  // Dimensions of the result are the neighbours' loops.
  auto getDimension = [&](unsigned loop) { return result.getResultPosition(getAffineDimExpr(loop, op.getContext())); };
  auto isOneKind = [&](unsigned loop) {
    return llvm::any_of(ArrayRef{contraction.batch, contraction.rows, contraction.columns, contraction.sums},
                        [&](ArrayRef<unsigned> loops) {
                          return llvm::is_contained(loops, loop) && llvm::is_contained(loops, loop + 1);
                        });
  };
  auto merges = [&](unsigned loop) {
    if (!isOneKind(loop) || !canMerge(op, loop))
      return false;
    std::optional<unsigned> dimension = getDimension(loop);
    return !dimension ||
           (getDimension(loop + 1) == *dimension + 1 && llvm::all_of(members, [&](linalg::GenericOp member) {
              return member == op || canMerge(member, *dimension);
            }));
  };
  SmallVector<ReassociationIndices> groups = makeGroups(op.getNumLoops(), merges);
  if (groups.size() == op.getNumLoops())
    return {};
  SmallVector<ReassociationIndices> ofResult = makeGroups(result.getNumResults(), [&](unsigned dimension) {
    unsigned loop = result.getDimPosition(dimension);
    return loop + 1 == result.getDimPosition(dimension + 1) && merges(loop);
  });
  for (linalg::GenericOp member : members) {
    ArrayRef<ReassociationIndices> own = member == op ? groups : ofResult;
    linalg::GenericOp merged = own.size() == member.getNumLoops() ? member : collapse(rewriter, member, own);
    collapsed.push_back(merged ? merged : member);
  }
  return collapsed;
}
