// Counts the multiply-adds of a step's matrix products, by layer and stage, before they become loops.
#pragma once
#include "dialect/Layer.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/report/CostReport.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::nn {

using StageCounts = std::array<int64_t, numStages>;

/// Of an entry point in phase linalg, by the layer's dotted name; the empty name stands for what is no layer's. A loop
/// whose length is not known counts as one turn. INT64_MAX: more than can be counted.
llvm::StringMap<StageCounts> countProducts(func::FuncOp entry);

/// Whether `op`, of an entry point in phase linalg, is one of the products whose multiply-adds count, and for whom.
std::optional<LayerStage> describeProduct(Operation *op);

/// A stage by its name; of several that are joined, the first.
Stage parseStage(StringRef name);

} // namespace mlir::nn
