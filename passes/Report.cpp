// Prints what each model of a file consists of, as Keras' model.summary() does, with depth and multiply-adds beside it.
#include "codegen/Table.h"
#include "passes/CallGraph.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"
#include "passes/analyses/ModelSummary.h"

namespace mlir::nn {
#define GEN_PASS_DEF_REPORT
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Keras' notation of shapes, with None for the batch.
std::string shapeText(ArrayRef<Type> types) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(types, os, [&](Type type) {
    os << "(";
    llvm::interleaveComma(cast<RankedTensorType>(type).getShape(), os, [&](int64_t size) {
      if (ShapedType::isDynamic(size))
        os << "None";
      else
        os << size;
    });
    os << ")";
  });
  return text;
}

std::string layers(int64_t count) { return (Twine(count) + (count == 1 ? " layer" : " layers")).str(); }

struct Report : nn::impl::ReportBase<Report> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<Phase> phase = getPhase(module);
    if (failed(phase))
      return signalPassFailure();
    if (*phase > Phase::params) {
      module.emitError() << "a report describes models, which phase '" << stringifyPhase(*phase)
                         << "' no longer holds; ask for it on the model file";
      return signalPassFailure();
    }
    if (*phase == Phase::model) {
      OpPassManager pm(ModuleOp::getOperationName());
      buildPipeline(pm, Phase::model, Phase::params, CompileOptions());
      if (failed(runPipeline(pm, module)))
        return signalPassFailure();
    }
    if (failed(verifyAcyclicCalls(module)))
      return signalPassFailure();
    for (ModelOp model : module.getOps<ModelOp>())
      if (failed(report(model)))
        return signalPassFailure();
  }

  LogicalResult report(ModelOp model) {
    ModelSummary summary = summarize(model);
    if (summary.parameters.overflow || summary.multiplyAdds == INT64_MAX)
      return model.emitError() << "model @" << model.getSymName() << " is too large: its counts do not fit 64 bits";
    raw_ostream &os = llvm::outs();
    os << "Model: \"" << model.getSymName() << "\"\n";
    Table table(/*numLeft=*/2);
    table.addRow({"Layer (type)", "Output Shape", "Param #", "Multiply-adds", "Depth"});
    for (const LayerSummary &layer : summary.layers) {
      std::string count = withCommas(layer.parameters.total());
      if (layer.shared)
        count = "shared " + count;
      table.addRow({layer.name + " (" + layer.kind + ")", shapeText(layer.outputs), count,
                    withCommas(layer.multiplyAdds), std::to_string(layer.depth)});
    }
    table.print(os);
    double bytes = 0;
    for (VariableOp variable : summary.variables)
      bytes += static_cast<double>(variable.getTensorType().getNumElements()) *
               (variable.getTensorType().getElementTypeBitWidth() / 8);
    os << " Total params: " << withCommas(summary.parameters.total()) << " (" << withUnit(bytes) << ")\n"
       << " Trainable params: " << withCommas(summary.parameters.trainable) << "\n"
       << " Frozen params: " << withCommas(summary.parameters.frozen) << "\n"
       << " Multiply-adds per sample, forward: " << withCommas(summary.multiplyAdds) << "\n"
       << " Depth: " << layers(summary.weightedDepth) << " with weights on the longest path of "
       << layers(summary.longestPath) << "\n\n";
    return success();
  }
};

} // namespace
