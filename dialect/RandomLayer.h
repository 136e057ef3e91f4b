// What layers share that draw random numbers in training.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// Four random words for an element.
using RandomFn = function_ref<Value(ImplicitLocOpBuilder &, Value element, ValueRange words)>;

/// `body` of each element of `input` and of the random words that the key (seed, step), the stream, the sample and the
/// element's place in the sample give. `dims` are the dimensions of a sample, counted with the batch, that the place is
/// made of: along the others the words are the same.
Value mapRandom(ImplicitLocOpBuilder &b, Value input, ValueRange key, int64_t stream, ArrayRef<int64_t> dims,
                RandomFn body);

/// The same, every element having words of its own.
Value mapRandom(ImplicitLocOpBuilder &b, Value input, ValueRange key, int64_t stream, RandomFn body);

/// Reports a layer that is lowered without a key.
LogicalResult checkHasKey(Operation *op, ValueRange key);

/// Refuses what is no share from 0 to below 1 at `loc`.
LogicalResult checkRate(std::optional<Location> loc, StringRef layer, DictionaryAttr attributes, Attribute rate);

} // namespace mlir::nn
