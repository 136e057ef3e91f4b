// A linalg.generic on buffers as what each of many threads does.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::nn {

/// Threads that share work: those of a block, or of all blocks; `id` is the number of the one that runs, of `count`.
struct Threads {
  Value id;
  int64_t count;
};

/// How many threads have something to do in `op`.
int64_t countUsefulThreads(linalg::GenericOp op);

/// Emits `op` where the builder stands; it is then without effect and can be erased. Each element is computed by one
/// thread, a sum along contiguous memory by sixteen where there are so many and they can exchange values of its type,
/// in the order of operations in which CPUs compute it: results are equal bit for bit. All threads of a warp must come
/// here together. `fill`, where there is one, computes what the one sum of `op` starts from, in place of what lies in
/// the output (takesFill).
void emitGeneric(OpBuilder &builder, linalg::GenericOp op, linalg::GenericOp fill, Threads threads);

/// Whether `fill`, which stands before `op` with nothing between that touches its output, can be computed along.
bool takesFill(linalg::GenericOp op, linalg::GenericOp fill);

/// body(point) for each of `count` points, each in one thread.
void forEachPoint(OpBuilder &builder, Location loc, int64_t count, Threads threads,
                  llvm::function_ref<void(Value point)> body);

} // namespace mlir::nn
