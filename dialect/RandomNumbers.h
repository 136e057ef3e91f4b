// Random words to numbers: scalars inside linalg bodies.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// The upper 24 bits of a random word as an integer below 2^24 in a float type, which holds it exactly.
Value upper24Bits(ImplicitLocOpBuilder &b, Type type, Value word);

/// A standard normal number, by Box and Muller's transform of two random words.
Value standardNormal(ImplicitLocOpBuilder &b, Type type, Value first, Value second);

} // namespace mlir::nn
