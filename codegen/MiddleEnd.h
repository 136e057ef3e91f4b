// LLVM's passes on a module, before its code generator.
#pragma once
#include "llvm/IR/PassManager.h"
#include "llvm/Passes/PassBuilder.h"

namespace mlir::nn {

/// Runs the passes that `makePasses` builds, for `machine`.
void runMiddleEnd(llvm::Module &module, llvm::TargetMachine &machine, const llvm::PipelineTuningOptions &tuning,
                  llvm::function_ref<llvm::ModulePassManager(llvm::PassBuilder &)> makePasses);

} // namespace mlir::nn
