// The interfaces through which passes ask ops and attributes about themselves, and the plain data they answer with.
#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OperationSupport.h"
#include <optional>
#include <string>

namespace mlir::nn {

/// A parameter that a layer asks for.
struct ParameterSpec {
  /// Keras' name within the layer: `kernel`, `bias`, `recurrent_kernel`, `embeddings`.
  std::string name;
  RankedTensorType type;
  /// Implements InitializerAttrInterface.
  Attribute initializer;
  /// Implements RegularizerAttrInterface, or null.
  Attribute regularizer = nullptr;
};

/// State that an optimiser keeps for one parameter, zero at first.
struct SlotSpec {
  std::string name;
  RankedTensorType type;
};

/// What holds for every layer: no attribute it does not know, a shape rule that takes its inputs, and, once it has
/// parameters, those it asks for.
LogicalResult verifyLayer(Operation *op);

/// What holds for every op that draws random numbers: its key has two values, or none yet.
LogicalResult verifyRandom(Operation *op);

} // namespace mlir::nn

#include "dialect/AttrInterfaces.h.inc"
#include "dialect/OpInterfaces.h.inc"
