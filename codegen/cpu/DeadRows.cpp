// Lifetimes of buffers, row by row.
#include "codegen/cpu/DeadRows.h"
#include "codegen/Buffers.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// A buffer that a group touches by its rows, all members in one form and by one and the same dimensions of it.
struct RowBuffer {
  /// The allocation, or a view of it.
  Value value;
  memref::AllocOp allocation;
  /// The members that use it first and last.
  size_t first = 0, last = 0;
  /// The rows' dimensions.
  SmallVector<unsigned> dimensions;
  bool isUsedBefore = false, isUsedAfter = false;
};

} // namespace

static std::optional<SmallVector<unsigned>> getRowDimensions(OpOperand &operand, unsigned numRowLoops) {
  AffineMap map = cast<linalg::GenericOp>(operand.getOwner()).getMatchingIndexingMap(&operand);
  SmallVector<unsigned> dimensions;
  for (unsigned loop = 0; loop < numRowLoops; ++loop) {
    std::optional<unsigned> dimension = map.getResultPosition(getAffineDimExpr(loop, map.getContext()));
    if (!dimension)
      return std::nullopt;
    dimensions.push_back(*dimension);
  }
  return dimensions;
}

/// Notes the uses of `value`, the allocation or a view of it; false where members have it in different forms.
static bool addUses(RowBuffer &buffer, Value value, const RowGroup &group) {
  Block *block = buffer.allocation->getBlock();
  linalg::GenericOp end = group.members.back().op;
  for (OpOperand &use : value.getUses()) {
    Operation *user = getAncestorIn(block, use.getOwner());
    if (group.contains(user)) {
      std::optional<SmallVector<unsigned>> dimensions = getRowDimensions(use, group.numRowLoops);
      if (value != buffer.value || use.getOwner() != user || !dimensions ||
          (!buffer.dimensions.empty() && buffer.dimensions != *dimensions))
        return false;
      buffer.dimensions = *dimensions;
      continue;
    }
    bool isAfter = llvm::is_contained(group.after, user) || !user->isBeforeInBlock(end);
    for (Value view : use.getOwner()->getResults())
      if (isa<MemRefType>(view.getType()) && !addUses(buffer, view, group))
        return false;
    if (isBufferView(use.getOwner()))
      continue;
    (isAfter ? buffer.isUsedAfter : buffer.isUsedBefore) = true;
  }
  return true;
}

static SmallVector<RowBuffer> findBuffers(const RowGroup &group) {
  llvm::MapVector<Value, RowBuffer> buffers;
  for (auto [index, member] : llvm::enumerate(group.members))
    for (Value operand : member.op->getOperands()) {
      auto allocation = getBufferRoot(operand).getDefiningOp<memref::AllocOp>();
      if (!allocation || allocation->getBlock() != linalg::GenericOp(member.op)->getBlock())
        continue;
      RowBuffer &buffer =
          buffers.try_emplace(allocation, RowBuffer{operand, allocation, index, index, {}}).first->second;
      buffer.last = index;
    }
  SmallVector<RowBuffer> result;
  for (auto &[allocation, buffer] : buffers)
    if (addUses(buffer, allocation, group))
      result.push_back(buffer);
  return result;
}

/// Whether `op` reads an element of `before` only where it writes that of `after`.
static bool isElementwise(linalg::GenericOp op, Value before, Value after) {
  if (op.getNumReductionLoops() != 0)
    return false;
  std::optional<AffineMap> map;
  for (OpOperand &operand : op->getOpOperands()) {
    if (operand.get() != before && operand.get() != after)
      continue;
    if (map && *map != op.getMatchingIndexingMap(&operand))
      return false;
    map = op.getMatchingIndexingMap(&operand);
  }
  return map->isPermutation();
}

/// Whether `result` can take the place of `dead`.
static bool canReuse(const RowGroup &group, RowBuffer &result, RowBuffer &dead) {
  if (dead.isUsedAfter || !dead.isUsedBefore || dead.value.getType() != result.value.getType() ||
      dead.dimensions != result.dimensions || !dead.value.getDefiningOp()->isBeforeInBlock(result.allocation))
    return false;
  return dead.last < result.first ||
         (dead.last == result.first && isElementwise(group.members[result.first].op, dead.value, result.value));
}

void nn::reuseDeadRows(const RowGroup &group) {
  SmallVector<RowBuffer> buffers = findBuffers(group);
  SmallPtrSet<Operation *, 4> reused;
  for (RowBuffer &result : buffers) {
    // What only the group uses is scratch.
    if (result.value != result.allocation || result.isUsedBefore || !result.isUsedAfter)
      continue;
    for (RowBuffer &dead : buffers)
      if (!reused.contains(dead.allocation) && canReuse(group, result, dead)) {
        reused.insert(dead.allocation);
        result.allocation.replaceAllUsesWith(dead.value);
        result.allocation.erase();
        break;
      }
  }
}
