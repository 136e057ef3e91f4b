// Prints what each model of a file consists of, as Keras' model.summary() does, with depth and multiply-adds beside it.
#include "passes/CallGraph.h"
#include "passes/Passes.h"
#include "passes/Pipeline.h"
#include "passes/analyses/ModelSummary.h"
#include "llvm/Support/Format.h"

namespace mlir::nn {
#define GEN_PASS_DEF_REPORT
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// 1234567 -> "1,234,567".
std::string withCommas(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}

/// Bytes in the largest binary unit that leaves a number of at least one.
std::string withUnit(double bytes) {
  static constexpr StringLiteral units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < std::size(units)) {
    bytes /= 1024.0;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2f ", bytes) << units[unit];
  return text;
}

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

/// A table whose columns are as wide as their widest cell; the first two are aligned left, the others right.
class Table {
public:
  void addRow(ArrayRef<std::string> cells) {
    rows.push_back(SmallVector<std::string>(cells));
    widths.resize(std::max(widths.size(), cells.size()));
    for (auto [width, cell] : llvm::zip(widths, cells))
      width = std::max(width, cell.size());
  }

  void print(raw_ostream &os) const {
    size_t total = 1;
    for (size_t width : widths)
      total += width + 2;
    auto rule = [&] {
      for (size_t i = 0; i < total; ++i)
        os << "─";
      os << "\n";
    };
    rule();
    for (auto [index, row] : llvm::enumerate(rows)) {
      for (auto [column, cell] : llvm::enumerate(row)) {
        os << (column == 0 ? " " : "  ");
        if (column < 2)
          os << llvm::left_justify(cell, widths[column]);
        else
          os << llvm::right_justify(cell, widths[column]);
      }
      os << "\n";
      if (index == 0)
        rule();
    }
    rule();
  }

private:
  SmallVector<SmallVector<std::string>> rows;
  SmallVector<size_t> widths;
};

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
    Table table;
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
       << " Depth: " << summary.weightedDepth << " layers with weights on the longest path of " << summary.longestPath
       << " layers\n\n";
    return success();
  }
};

} // namespace
