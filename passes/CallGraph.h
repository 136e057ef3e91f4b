// Which models call which, and which variables a model reads.
#pragma once
#include "dialect/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::nn {

/// Fails, with the cycle spelt out, where a model calls itself through any number of others.
LogicalResult verifyAcyclicCalls(ModuleOp module);

/// The variables that a model or the models it calls read, in order of first use.
llvm::SetVector<VariableOp> collectVariables(ModelOp model, SymbolTable &symbols);

} // namespace mlir::nn
