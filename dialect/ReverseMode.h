// Reverse-mode differentiation of straight-line code: the ops of one block. It knows no op; it asks
// DifferentiableOpInterface. Used on functions (--nn-differentiate), and by upstream ops that hold blocks (loops,
// linalg bodies) on those.
#pragma once
#include "dialect/GradientSums.h"
#include "dialect/NN.h"

namespace mlir::nn {

/// The float values of a block that depend on `inputs` and influence `outputs`, and the ops that make them.
class ReverseMode {
public:
  /// Differentiates `outputs` with respect to `inputs`, through the ops of `block` before `end`.
  ReverseMode(Block &block, Operation *end, ValueRange inputs, ValueRange outputs)
      : block(block), end(end), inputs(inputs), outputs(outputs) {}

  /// Says of every op on the way why it has no gradient, as an error at the op. Changes nothing but that layers without
  /// a gradient of their own are replaced by their lowerings.
  LogicalResult check();

  /// As `check`, but only collects (op, reason) pairs and lowers nothing: for ops that hold blocks.
  void collectObstacles(SmallVectorImpl<std::pair<Operation *, std::string>> &obstacles);

  /// Finds out which values depend on the inputs and which influence the outputs, both in a differentiable way.
  void analyse();
  bool varies(Value value) const { return varying.contains(value); }
  bool influences(Value value) const { return influencing.contains(value); }
  bool hasActiveOps() const { return !active.empty(); }

  /// Gives every active op the form that keeps what its adjoint reads.
  LogicalResult makeSavingForms();

  /// Emits the adjoint at the builder's insertion point; `outputGrads` has one entry per output, null for zero. Returns
  /// the gradient of each input, null where it is zero. Calls `emitted` on each op made.
  FailureOr<SmallVector<Value>> emit(OpBuilder &builder, ArrayRef<Value> outputGrads,
                                     function_ref<void(Operation *)> emitted = nullptr);

  /// The values asked for; differs from what was given where ops were replaced.
  ArrayRef<Value> getInputs() const { return inputs; }

private:
  SmallVector<bool> getWanted(DifferentiableOpInterface op) const;
  LogicalResult lowerLayers(bool &changed);
  void replaceTracked(ValueRange from, ValueRange to);

  Block &block;
  Operation *end;
  SmallVector<Value> inputs, outputs;
  llvm::DenseSet<Value> varying, influencing;
  SmallVector<Operation *> active;
};

} // namespace mlir::nn
