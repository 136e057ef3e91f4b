// Reads a report's steps off a planned program.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "passes/report/ProductCounts.h"

namespace mlir::nn {

/// What is known of a step from before its memory was planned.
struct StepFacts {
  /// How often it runs each model.
  llvm::StringMap<int64_t> runs;
  llvm::StringMap<StageCounts> multiplyAdds;
  /// Each op of its body before planning: the times of the plan.
  std::vector<TimeReport> times;
};

SmallVector<func::FuncOp> getTrainEntries(ModuleOp module);

/// The step that a training entry was made of.
StringRef getStepName(func::FuncOp entry);

std::vector<TimeReport> describeTimes(func::FuncOp entry);

/// Adds the training steps of a module, whose memory is planned and whose kernels are listed, to `report`, which has
/// its models, device and samples already.
LogicalResult collectSteps(ModuleOp module, const llvm::StringMap<StepFacts> &facts, CostReport &report);

} // namespace mlir::nn
