// Elementwise operations that a block does at once, without a barrier between them: side by side on threads of their
// own, or one after the other in the thread that has the element.
#pragma once
#include "codegen/gpu/GenericThreads.h"

namespace mlir::nn {

/// Whether the body of `op` reads or writes memory besides its operands' elements.
bool touchesUnnamed(linalg::GenericOp op);

class PointGroup {
public:
  explicit PointGroup(int64_t numThreads) : numThreads(numThreads) {}

  /// Takes `op` in, where it computes each of its elements by itself and no thread of the group would need what another
  /// one does; false where that is not so.
  bool add(linalg::GenericOp op);

  bool isEmpty() const { return lanes.empty(); }
  SmallVector<linalg::GenericOp> getOps() const;

  /// Emits all of them where the builder stands; they are then without effect. The group is empty again.
  void emit(OpBuilder &builder, Value thread);

private:
  /// Operations on the same elements, in their order, by neighbouring threads.
  struct Lane {
    int64_t firstThread, count;
    SmallVector<linalg::GenericOp> ops;
  };
  void emitLane(OpBuilder &builder, const Lane &lane, Value point);

  int64_t numThreads;
  SmallVector<Lane, 2> lanes;
};

/// Whether two memrefs are parts of the same one that have no element in common.
bool areApart(Value a, Value b);

} // namespace mlir::nn
