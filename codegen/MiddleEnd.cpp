// Analyses and their managers around the passes; see MiddleEnd.h.
#include "codegen/MiddleEnd.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;

void nn::runMiddleEnd(llvm::Module &module, llvm::TargetMachine &machine, const llvm::PipelineTuningOptions &tuning,
                      llvm::function_ref<llvm::ModulePassManager(llvm::PassBuilder &)> makePasses) {
  llvm::PassBuilder builder(&machine, tuning);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  makePasses(builder).run(module, modules);
}
