// Splits a module in the LLVM dialect into parts that are compiled side by side.
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace mlir::nn {

/// Moves the functions of `module` to modules of about the same amount of code each; a function that another one refers
/// to is declared there. How many there are, and what is in them, depends on the module alone, so that its object is
/// the same on every machine.
SmallVector<OwningOpRef<ModuleOp>> makeCodeUnits(ModuleOp module);

} // namespace mlir::nn
