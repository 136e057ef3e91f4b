// Inlines a model's or step's body with the batch fixed.
#pragma once
#include "dialect/NN.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

namespace mlir::nn {

/// `type` with a dynamic first dimension replaced by `batch`.
Type withBatch(Type type, int64_t batch);

/// Clones `body` (of a model or a step) at the builder's insertion point, with its arguments replaced by `arguments`
/// and every dynamic dimension made static for a batch of `batch` samples; the terminator is left out. Calls are
/// inlined, reads of variables replaced by `variable(name)`. Returns the values the terminator names.
FailureOr<SmallVector<Value>> inlineBody(OpBuilder &builder, Block &body, ValueRange arguments, int64_t batch,
                                         SymbolTable &symbols, function_ref<Value(StringRef)> variable,
                                         IRMapping &mapping);

} // namespace mlir::nn
