// Marker traits that passes ask for instead of op names.
#pragma once
#include "mlir/IR/OpDefinition.h"

namespace mlir::nn {

/// An elementwise or row-wise function of one tensor that a layer's `activation` attribute may name:
/// `activation = relu` stands for `nn.relu` on the layer's result.
template <typename ConcreteType> class Activation : public OpTrait::TraitBase<ConcreteType, Activation> {};

/// The op's `activation` attribute names a function that is applied to its one result, last of all.
template <typename ConcreteType> class ActivatedResult : public OpTrait::TraitBase<ConcreteType, ActivatedResult> {};

/// A scalar that training makes less, and one that it is hoped to make more, such as an accuracy.
template <typename ConcreteType> class Loss : public OpTrait::TraitBase<ConcreteType, Loss> {};
template <typename ConcreteType> class Score : public OpTrait::TraitBase<ConcreteType, Score> {};

} // namespace mlir::nn
