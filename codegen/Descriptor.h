// The program descriptor of runtime/include/nnc/program.h, as LLVM constants.
#pragma once
#include "codegen/EmitObject.h"
#include "codegen/Program.h"
#include "llvm/IR/Module.h"

namespace mlir::nn {

/// Adds the descriptor of `program` to `module` under the name `options.symbol`. `target` is the CPU compiled for.
void addDescriptor(llvm::Module &module, const Program &program, const TargetOptions &options, StringRef target);

} // namespace mlir::nn
