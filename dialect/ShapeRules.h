// Helpers for shape rules: errors that name the layer, what it got and what it takes.
#pragma once
#include "dialect/Interfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

namespace mlir::nn {

/// Starts a shape rule's error, `'nn.dense': ` followed by what the caller streams; nothing where no one listens.
/// Inference during canonicalisation passes no location.
InFlightDiagnostic emitShapeError(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes);

/// The type of `value` where it is a ranked tensor of at least `minRank` dimensions, static but for the batch;
/// otherwise an error that says what layer `layer` takes.
FailureOr<RankedTensorType> checkInput(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes,
                                       Value value, int64_t minRank, int64_t maxRank = INT64_MAX);

} // namespace mlir::nn
