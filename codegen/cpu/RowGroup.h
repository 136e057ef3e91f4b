// Neighbouring operations on the same rows: which of them can run as one loop over rows, each on a row, or a few,
// before the next begins.
#pragma once
#include "codegen/cpu/GenericLoops.h"

namespace mlir::nn {

/// An operation whose first `numRowLoops` loops can be rows: they are parallel, and an iteration of them touches but
/// its own part of each buffer that the operation writes.
struct RowOp {
  linalg::GenericOp op;
  GenericSchedule schedule;
  unsigned numRowLoops = 0;
  SmallVector<int64_t> extents;
  /// Buffers that its body reads at places of its own.
  SmallVector<Value> loaded;
};

/// Bytes of a row that caches keep between two operations, a core's share of the last one included.
inline int64_t getMaxRowBytes(const CpuTarget &target) { return 4 * target.l2Bytes; }

/// Operations of one block that share rows: what one of them writes of a buffer for a row, the others touch for that
/// row only. They run where the last of them stands.
struct RowGroup {
  SmallVector<RowOp> members;
  /// The first loops of each member: the rows.
  unsigned numRowLoops = 0;
  /// What stands between members and needs what they compute: it has to run after them all.
  SmallVector<Operation *> after;

  bool contains(Operation *op) const {
    return llvm::any_of(members, [&](const RowOp &member) { return member.op == op; });
  }
  ArrayRef<int64_t> getRowExtents() const { return ArrayRef(members.front().extents).take_front(numRowLoops); }
  int64_t getNumRows() const { return llvm::product_of(getRowExtents()); }
  /// Bytes of all buffers that a row is made of.
  int64_t getRowBytes() const;
  /// The tasks that the loop over the rows is worth, at most one a row.
  int64_t getNumTasks() const;
};

/// Where a row group ends at the latest: nothing is moved past such an operation.
bool endsRowGroups(Operation &op);

/// The first group that gains by it among neighbouring operations of a block, of which none ends row groups.
std::optional<RowGroup> findRowGroup(llvm::iterator_range<Block::iterator> ops, const CpuTarget &target);

} // namespace mlir::nn
