// Numbers layers and stages; see Origins.h.
#include "codegen/Origins.h"

using namespace mlir;
using namespace mlir::nn;

size_t Origins::find(Operation *op) {
  Location loc = getOwnLocation(op);
  auto [it, isNew] = byLocation.try_emplace(loc, 0);
  if (!isNew)
    return it->second;
  LayerStage one = getLayerStage(loc);
  auto same = llvm::find(all, one);
  it->second = same - all.begin();
  if (same == all.end()) {
    all.push_back(std::move(one));
    locations.push_back(loc);
  }
  return it->second;
}
