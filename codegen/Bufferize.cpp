// nn-bufferize: upstream's one-shot bufferization, function by function, and each function's loops apart from it. Entry
// points do not call one another and have buffers at their boundaries already, so nothing is to be known of the module,
// and all go in parallel.
#include "codegen/Buffers.h"
#include "codegen/DetachedLoops.h"
#include "codegen/Passes.h"
#include "dialect/Layer.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/IR/Threading.h"

namespace mlir::nn {
#define GEN_PASS_DEF_BUFFERIZE
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

/// Refuses what has more bytes than can be counted, before each function meets it: what follows computes with sizes.
static LogicalResult verifySizes(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    for (Type type : op->getResultTypes()) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      if (!tensor || !tensor.hasStaticShape() || !tensor.getElementType().isIntOrIndexOrFloat() ||
          getBufferBytes(MemRefType::get(tensor.getShape(), tensor.getElementType())))
        continue;
      std::string layer = getLayerName(op->getLoc());
      emitError(op->getLoc()) << (layer.empty() ? "this" : "layer '" + layer + "'") << " is too large: it needs a "
                              << tensor << ", which has more bytes than 63 bits can count";
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// First, what is computed to be written into some place is computed there.
static LogicalResult bufferize(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  if (failed(bufferization::eliminateEmptyTensors(rewriter, function)))
    return failure();
  bufferization::OneShotBufferizationOptions options;
  bufferization::BufferizationState state;
  return bufferization::runOneShotBufferize(function, options, state);
}

namespace {
struct Bufferize : nn::impl::BufferizeBase<Bufferize> {
  using Base::Base;
  void runOnOperation() override {
    if (failed(verifySizes(getOperation())))
      return signalPassFailure();
    DetachedLoops loops(&getContext());
    SmallVector<func::FuncOp> alone, together;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      loops.detachFrom(function);
      (makesGlobals(function) ? alone : together).push_back(function);
    }
    for (func::FuncOp function : alone)
      if (failed(bufferize(function)))
        return signalPassFailure();
    if (failed(failableParallelForEach(&getContext(), together, bufferize)) ||
        failed(failableParallelForEach(&getContext(), loops.bindBuffers(), bufferize)))
      return signalPassFailure();
    loops.putBack();
  }
};
} // namespace
