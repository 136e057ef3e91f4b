// Counts the arithmetic of a step before it becomes loops: products and all floating-point operations, by layer and
// stage.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/report/CostReport.h"
#include "llvm/ADT/StringMap.h"

namespace mlir::nn {

struct OperationCounts {
  std::array<int64_t, numStages> multiplyAdds{}, flops{};
};

/// Of an entry point in phase linalg, by the layer's dotted name; the empty name stands for what is no layer's. An op
/// of several stages counts as of the first; a loop whose length is not known as one turn. INT64_MAX: more than can be
/// counted.
llvm::StringMap<OperationCounts> countOperations(func::FuncOp entry);

/// The layer and stage that a matrix product counts for.
struct ProductOrigin {
  std::string layer;
  Stage stage;
};

/// Whether `op`, of an entry point in phase linalg, is one of the products whose multiply-adds count, and for whom.
std::optional<ProductOrigin> describeProduct(func::FuncOp entry, Operation *op);

/// The stages that a kernel's name for them has, in order: `backward_update`.
SmallVector<Stage> parseStages(StringRef names);

} // namespace mlir::nn
