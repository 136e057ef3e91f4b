// Measures functions on this machine.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"

namespace mlir::nn {

/// Of a call, in seconds: the fastest, and the median of the rounds.
struct KernelTime {
  double least, median;
};

/// What is measured: rounds through all kernels, in each of several processes. Where a process's memory happens to lie
/// makes a difference that rounds do not see.
struct TimingOptions {
  std::string march;
  int64_t threads = 1, rounds = 7, processes = 1;
};

/// For each process, the times of all kernels.
using KernelTimes = SmallVector<SmallVector<KernelTime>>;

/// The times of the entry points of `module`, whose linalg ops stand on buffers, in their order. They are compiled as
/// every program is, and run by nnc-time, which lies beside this executable: a kernel that crashes is an Error.
llvm::Expected<KernelTimes> timeKernels(ModuleOp module, const TimingOptions &options);

/// Whether nnc-time is there; else why not.
llvm::Error findTimer();

} // namespace mlir::nn
