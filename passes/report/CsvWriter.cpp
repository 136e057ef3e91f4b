// Reports as CSV (RFC 4180), for spreadsheets: one line a layer of each step, and of each model that no step runs.
#include "passes/report/Writers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::nn;

void nn::writeCsvLine(raw_ostream &os, ArrayRef<std::string> fields) {
  llvm::interleave(
      fields, os,
      [&](StringRef field) {
        if (field.find_first_of(",\"\r\n") == StringRef::npos) {
          os << field;
          return;
        }
        os << '"';
        for (char c : field)
          os << (c == '"' ? "\"\"" : StringRef(&c, 1));
        os << '"';
      },
      ",");
  os << "\r\n";
}

std::string nn::formatExact(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.9g", number);
  return text;
}

namespace {

using Fields = SmallVector<std::string>;

void addModelFields(Fields &fields, StringRef model, const LayerReport &layer) {
  fields.append({model.str(), layer.name, layer.kind, layer.location, llvm::join(layer.shapes, " ")});
  for (int64_t number : {layer.trainable, layer.frozen})
    fields.push_back(std::to_string(number));
  fields.push_back(layer.shared ? "1" : "0");
  for (int64_t number : {layer.depth, layer.longestPath, layer.multiplyAdds})
    fields.push_back(std::to_string(number));
}

void addCostFields(Fields &fields, const LayerCost &cost, bool hasDevice) {
  const Work &work = cost.work;
  const Memory &memory = cost.memory;
  for (int64_t number : {work.multiplyAdds[forward], work.multiplyAdds[backward], work.flops[forward],
                         work.flops[backward], work.flops[update], work.bytes})
    fields.push_back(std::to_string(number));
  fields.push_back(formatExact(getIntensity(work)));
  for (int64_t number :
       {memory.parameters, memory.optimizerState, memory.gradients, memory.activations, memory.working, memory.scratch})
    fields.push_back(std::to_string(number));
  if (hasDevice)
    fields.push_back(formatExact(work.seconds));
}

} // namespace

void nn::writeCsv(raw_ostream &os, const CostReport &report) {
  Fields head = {"step",
                 "batch",
                 "model",
                 "layer",
                 "kind",
                 "location",
                 "output_shape",
                 "trainable",
                 "frozen",
                 "shared",
                 "depth",
                 "longest_path",
                 "multiply_adds_per_sample",
                 "multiply_adds_forward",
                 "multiply_adds_backward",
                 "flops_forward",
                 "flops_backward",
                 "flops_update",
                 "bytes",
                 "flops_per_byte",
                 "parameter_bytes",
                 "optimizer_state_bytes",
                 "gradient_bytes",
                 "activation_bytes",
                 "working_bytes",
                 "scratch_bytes"};
  if (report.device)
    head.push_back("seconds");
  if (report.isForGpu())
    head.push_back("target");
  for (auto [name, choice] : report.getProductChoices())
    head.push_back(name.str());
  writeCsvLine(os, head);
  constexpr size_t numModelFields = 11;
  llvm::SmallDenseSet<int64_t> seen;
  for (const StepReport &step : report.steps)
    for (const LayerCost &cost : step.layers) {
      Fields fields = {step.name, std::to_string(step.batch)};
      if (cost.layer >= 0) {
        const ModelReport &model = report.models[cost.model];
        addModelFields(fields, model.name, model.layers[cost.layer]);
        seen.insert(cost.model);
      } else {
        fields.append({"", noLayer.str()});
        fields.resize(fields.size() + numModelFields - 2);
      }
      addCostFields(fields, cost, report.device.has_value());
      if (report.isForGpu())
        fields.push_back(report.target);
      for (auto [name, choice] : report.getProductChoices())
        fields.push_back(choice.str());
      writeCsvLine(os, fields);
    }
  for (auto [index, model] : llvm::enumerate(report.models))
    if (!seen.contains(index))
      for (const LayerReport &layer : model.layers) {
        Fields fields = {"", ""};
        addModelFields(fields, model.name, layer);
        fields.resize(head.size());
        writeCsvLine(os, fields);
      }
}
