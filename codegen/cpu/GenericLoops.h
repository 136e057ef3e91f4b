// Emits the loops of a linalg.generic that is no matrix product.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

/// How an operation's loops run.
struct GenericSchedule {
  /// The loop along which vectors run; none where each element is computed alone.
  std::optional<unsigned> vectorLoop;
  /// The loop along which inputs are contiguous that are not so along the vectors.
  std::optional<unsigned> transposedLoop;
  /// Operations on elements, and the tasks that they are worth.
  int64_t work = 0, tasks = 1;
};

/// What `emitGenericLoops` makes of `op` where it stands in no parallel loop. The loops are chosen by strides: a slice
/// of `op` along loops other than theirs has the same.
GenericSchedule scheduleGeneric(linalg::GenericOp op, const CpuTarget &target);

/// The tasks that `work` operations on elements are worth.
int64_t getNumTasks(int64_t work);

/// Emits `op` as loops before it; `op` is then without effect and can be
/// erased.
void emitGenericLoops(RewriterBase &rewriter, linalg::GenericOp op, const CpuTarget &target);

} // namespace mlir::nn
