// What a kernel computes and moves: the figures that a profile divides by its time.
#pragma once
#include "codegen/Buffers.h"
#include "dialect/Layer.h"
#include "mlir/IR/Block.h"
#include "llvm/ADT/iterator_range.h"
#include <cstdint>

namespace mlir::nn {

/// What a kernel does for one layer and stage, as the places of its ops say.
struct KernelShare {
  LayerStage of;
  int64_t flops = 0, bytes = 0;
};

struct KernelCost {
  /// Floating-point operations as processors count them: additions, subtractions, products, quotients, minima, maxima
  /// and roots, one an element; a fused multiply-add is two, a function of libm one.
  int64_t flops = 0;
  /// Bytes of the buffers that it reads, and of those that it writes, each once: what moves where a cache holds all
  /// that it touches again. Workers' scratch does not count.
  int64_t bytes = 0;
  /// Of all that the kernel works for, together the above. What several read, or several write, counts for the first.
  SmallVector<KernelShare> shares;

  /// As attributes: layer, stage, flops and bytes of each share.
  SmallVector<NamedAttrList> describeShares(MLIRContext *context) const;
};

/// The cost of running consecutive ops of a planned entry point's body. Loops are followed with the values of their
/// indices, so that bounds and branches computed from these count exactly; where data decides, a loop counts as one
/// turn and a branch with both sides.
KernelCost countCost(llvm::iterator_range<Block::iterator> ops);

/// Which accesses to a buffer count, by its root.
using CountedAccess = llvm::function_ref<Access(Value root)>;

/// The same of ops of a bufferized entry point, in their order, before they become loops: a linalg.generic runs its
/// body for each point. What is allocated in a parallel loop does not count, as scratch.
KernelCost countCost(llvm::ArrayRef<Operation *> ops, CountedAccess getCounted);

/// The floating-point operations of running an op without regions once, as KernelCost counts them.
int64_t getFlops(Operation *op);

} // namespace mlir::nn
