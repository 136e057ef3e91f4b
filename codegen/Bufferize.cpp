// nn-bufferize: upstream's one-shot bufferization, function by function, and each function's loops apart from it. Entry
// points do not call one another and have buffers at their boundaries already, so nothing is to be known of the module,
// and all go in parallel.
#include "codegen/DetachedLoops.h"
#include "codegen/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/Transforms.h"
#include "mlir/IR/Threading.h"

namespace mlir::nn {
#define GEN_PASS_DEF_BUFFERIZE
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

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
