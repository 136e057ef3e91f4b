// The code of a GPU kernel as code of the host, run by one emulated thread.
#pragma once
#include "codegen/gpu/EmulatorCalls.h"

namespace mlir::nn {

struct EmulatedThreadValues {
  /// Pointers to what a body gets: its arguments, and its nnc_emulated_thread.
  Value context, thread;
};

/// Rewrites all ops of the gpu and nvgpu dialects in `function`, which has `values`, and strips memory spaces from
/// types. With `detectRaces` it reports accesses to memory to the host, too. Errors are emitted at ops that cannot be
/// emulated.
LogicalResult emulateBody(func::FuncOp function, const EmulatedThreadValues &values, EmulatorCalls &calls,
                          bool detectRaces);

} // namespace mlir::nn
