// What a model consists of: its layers with shapes, parameters, multiply-adds and depth, and the graph they make. Reads
// types only, never weights.
#pragma once
#include "dialect/NN.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SetVector.h"

namespace mlir::nn {

/// Parameters in numbers. A count that does not fit 64 bits makes `overflow` true.
struct ParameterCount {
  int64_t trainable = 0;
  int64_t frozen = 0;
  int64_t bytes = 0;
  bool overflow = false;
  int64_t total() const { return trainable + frozen; }
  void add(VariableOp variable);
};

/// One line of a summary: a layer, or a call of another model.
struct LayerSummary {
  std::string name;
  std::string kind;
  Location loc;
  SmallVector<Type> outputs;
  ParameterCount parameters;
  /// Of one sample's forward evaluation.
  int64_t multiplyAdds = 0;
  /// Layers with weights on the longest path from an input to this layer's result, this layer included.
  int64_t depth = 0;
  /// All layers on that path that is longest by their number.
  int64_t longestPath = 0;
  /// All of this layer's parameters were already counted by a layer above it.
  bool shared = false;
};

/// An input, a layer, a call, an upstream op or the output of a model.
struct SummaryNode {
  std::string name, kind;
  /// Its place among the layers; -1 where it is none.
  int64_t layer = -1;
};

struct ModelSummary {
  SmallVector<LayerSummary> layers;
  /// Each variable once, however many layers use it.
  llvm::SetVector<VariableOp> variables;
  ParameterCount parameters;
  int64_t multiplyAdds = 0;
  /// Layers with weights on the longest path from an input to a result.
  int64_t weightedDepth = 0;
  /// Ops of the nn dialect on the longest path, those without weights included.
  int64_t longestPath = 0;
  /// The model's ops and what flows between them; constants and parameters are left out.
  SmallVector<SummaryNode> nodes;
  SmallVector<std::pair<int64_t, int64_t>> edges;
};

/// Summarises a model whose parameters are materialised; calls must be acyclic.
ModelSummary summarize(ModelOp model);

} // namespace mlir::nn
