// The interfaces through which passes ask ops and attributes about themselves, and the plain data they answer with.
#pragma once
#include "dialect/Rate.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
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

/// State that an optimiser keeps for one parameter.
struct SlotSpec {
  std::string name;
  RankedTensorType type;
  /// Implements InitializerAttrInterface; null for zeros.
  Attribute initializer = nullptr;
};

/// The largest absolute value of a gradient's elements, the largest L2 norm of each gradient, and of all together. At
/// most one is set.
struct Clipping {
  std::optional<Number> value, norm, globalNorm;
};

/// What the gradient of a recurrence reads of each step, and the recurrence therefore keeps.
struct RecurrentMemory {
  /// The activated gates; without them the output says all.
  bool gates = true;
  /// Which state is kept with its value before the first step.
  enum class History { none, cell, output } history = History::none;
  /// What the cell computes of the recurrent product besides its gates.
  bool inner = false;
};
struct RecurrentStep;
struct RecurrentBackwardStep;

/// What holds for every layer: no attribute it does not know, a shape rule that takes its inputs, and, once it has
/// parameters, those it asks for.
LogicalResult verifyLayer(Operation *op);

/// What holds for every op that draws random numbers: its key has two values, or none yet.
LogicalResult verifyRandom(Operation *op);

} // namespace mlir::nn

#include "dialect/AttrInterfaces.h.inc"
#include "dialect/OpInterfaces.h.inc"
