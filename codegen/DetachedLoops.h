// Loops taken out of functions while these are bufferized. The analysis of one-shot bufferization takes longer than in
// proportion to the reads and writes of a function, and most of them stand in its loops: so each loop is a function of
// its own for that time, and one function serves for all loops that are equal.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace mlir::nn {

/// Whether bufferizing `op` adds to the module: a constant tensor becomes a global there.
bool makesGlobals(Operation *op);

class DetachedLoops {
public:
  explicit DetachedLoops(MLIRContext *context) : holder(ModuleOp::create(UnknownLoc::get(context))) {}

  /// Takes the loops out of a function's body that carry tensors alone. For each stands an op there that reads and
  /// writes what the loop does: tensors now, buffers when the function is bufferized.
  void detachFrom(func::FuncOp host);

  /// To be called when all hosts are bufferized: the functions of the loops, of buffers and scalars, which are to be
  /// bufferized too.
  SmallVector<func::FuncOp> bindBuffers();

  /// To be called when these are bufferized: the hosts have their loops again.
  void putBack();

private:
  struct DetachedLoop {
    /// Takes the operands of `place`.
    func::FuncOp function;
    /// Null where nothing uses what the loop computes.
    linalg::GenericOp place;
    /// Where ops are from, by where those of `function` are: it was made of another loop, maybe.
    DenseMap<Attribute, Attribute> locations{};
  };

  void detach(LoopLikeOpInterface loop);
  void bindBuffers(DetachedLoop &loop);
  void putBack(DetachedLoop &loop);

  OwningOpRef<ModuleOp> holder;
  SmallVector<func::FuncOp> hosts;
  std::vector<DetachedLoop> loops;
};

} // namespace mlir::nn
