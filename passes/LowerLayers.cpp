// Replaces nn ops by their lowerings: after this pass a function holds upstream dialects (and nn.philox) only.
#include "dialect/NN.h"
#include "passes/Passes.h"

namespace mlir::nn {
#define GEN_PASS_DEF_LOWERLAYERS
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {
struct LowerLayers : nn::impl::LowerLayersBase<LowerLayers> {
  using Base::Base;

  void runOnOperation() override {
    // A lowering may itself be written with layers (a dense layer's activation), so go on until there are none.
    while (true) {
      SmallVector<LayerOpInterface> layers;
      getOperation().walk([&](LayerOpInterface layer) { layers.push_back(layer); });
      if (layers.empty())
        return;
      for (LayerOpInterface layer : layers) {
        if (OperandRange(layer.getParamsMutable()).empty() && !layer.getParameterSpecs().empty()) {
          layer->emitOpError() << "has no parameters; models get theirs from --nn-materialize-params";
          return signalPassFailure();
        }
        OpBuilder builder(layer);
        FailureOr<SmallVector<Value>> values = layer.lower(builder);
        if (failed(values)) {
          layer->emitOpError() << "cannot be lowered";
          return signalPassFailure();
        }
        layer->replaceAllUsesWith(*values);
        layer->erase();
      }
    }
  }
};
} // namespace
