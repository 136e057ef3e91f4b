// Reads a model file's costs off its types and off the program that is compiled from it, up to the plan of its memory.
#pragma once
#include "passes/Pipeline.h"
#include "passes/report/CostReport.h"

namespace mlir::nn {

struct CollectOptions {
  CompileOptions compile;
  std::optional<Device> device;
  int64_t samples = 0;
};

/// Runs passes on the module.
using RunPasses = llvm::function_ref<LogicalResult(OpPassManager &, ModuleOp)>;

/// The report of `module`, in phase model or params, which is compiled on the way: what is left of it is of no use. Of
/// a module without steps nothing is compiled. No weights are made.
FailureOr<CostReport> collectReport(ModuleOp module, StringRef file, const CollectOptions &options, RunPasses run);

} // namespace mlir::nn
