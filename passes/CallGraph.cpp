// Depth-first walks over nn.call.
#include "passes/CallGraph.h"

using namespace mlir;
using namespace mlir::nn;

/// Deeper than any model that people write; bounds the recursion over calls.
static constexpr size_t maxCallDepth = 256;

/// `path` holds the models on the way from the root; `done` those known to reach no cycle.
static LogicalResult visit(ModelOp model, SymbolTable &symbols, SmallVectorImpl<ModelOp> &path,
                           llvm::SmallDenseSet<Operation *> &done) {
  if (done.contains(model))
    return success();
  if (const auto *start = llvm::find(path, model); start != path.end()) {
    InFlightDiagnostic error = model.emitError() << "model @" << model.getSymName() << " calls itself: ";
    for (ModelOp caller : ArrayRef<ModelOp>(start, path.end()))
      error << "@" << caller.getSymName() << " -> ";
    return error << "@" << model.getSymName();
  }
  if (path.size() == maxCallDepth)
    return model.emitError() << "model @" << model.getSymName() << " is called through more than " << maxCallDepth
                             << " others";
  path.push_back(model);
  WalkResult result = model.walk([&](CallOp call) {
    auto callee = symbols.lookup<ModelOp>(call.getCallee());
    return callee && failed(visit(callee, symbols, path, done)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  path.pop_back();
  done.insert(model);
  return failure(result.wasInterrupted());
}

LogicalResult nn::verifyAcyclicCalls(ModuleOp module) {
  SymbolTable symbols(module);
  llvm::SmallDenseSet<Operation *> done;
  SmallVector<ModelOp> path;
  for (ModelOp model : module.getOps<ModelOp>())
    if (failed(visit(model, symbols, path, done)))
      return failure();
  return success();
}

static void collect(ModelOp model, SymbolTable &symbols, llvm::SmallDenseSet<Operation *> &visited,
                    llvm::SetVector<VariableOp> &variables) {
  if (!visited.insert(model).second)
    return;
  model.walk([&](Operation *op) {
    if (auto get = dyn_cast<GetVariableOp>(op))
      variables.insert(symbols.lookup<VariableOp>(get.getVariable()));
    else if (auto call = dyn_cast<CallOp>(op))
      collect(symbols.lookup<ModelOp>(call.getCallee()), symbols, visited, variables);
  });
}

llvm::SetVector<VariableOp> nn::collectVariables(ModelOp model, SymbolTable &symbols) {
  llvm::SmallDenseSet<Operation *> visited;
  llvm::SetVector<VariableOp> variables;
  collect(model, symbols, visited, variables);
  return variables;
}
