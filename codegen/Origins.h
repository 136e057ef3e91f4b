// Whom the ops of a kernel work for: its layers and stages.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// Layers and stages, each numbered once, in the order in which ops of them are found.
class Origins {
public:
  /// The number of whom `op` works for, by its own place.
  size_t find(Operation *op);

  ArrayRef<LayerStage> getAll() const { return all; }

  /// One of all: getLayerStages finds them there, in their order.
  Location getLocation(MLIRContext *context) const { return FusedLoc::get(context, locations); }

private:
  SmallVector<LayerStage> all;
  /// Of each, where its first op stands.
  SmallVector<Location> locations;
  llvm::DenseMap<Location, size_t> byLocation;
};

} // namespace mlir::nn
