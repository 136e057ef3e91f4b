// Reports as tables for a terminal: each model as Keras' model.summary() shows it, then each step, its work and its
// memory by layer.
#include "codegen/Table.h"
#include "passes/report/Writers.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace mlir::nn;

std::string nn::formatCount(double count) {
  static constexpr StringLiteral units[] = {"", " k", " M", " G", " T", " P", " E"};
  size_t unit = 0;
  // What would print as 1000.00 is one of the next unit.
  while (count >= (unit ? 999.995 : 1000) && unit + 1 < std::size(units)) {
    count /= 1000;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format(unit ? "%.2f" : "%.0f", count) << units[unit];
  return text;
}

std::string nn::formatSeconds(double seconds) {
  auto format = [](double number, const char *unit) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.3g ", number) << unit;
    return text;
  };
  if (seconds == 0)
    return "0 s";
  if (seconds < 0.9995e-3)
    return format(1e6 * seconds, "us");
  if (seconds < 0.9995)
    return format(1e3 * seconds, "ms");
  if (seconds < 600)
    return format(seconds, "s");
  if (seconds < 48 * 3600)
    return format(seconds / 3600, "h");
  return format(seconds / 86400, "days");
}

double nn::getIntensity(const Work &work) {
  return work.bytes ? static_cast<double>(work.getFlops()) / static_cast<double>(work.bytes) : 0;
}

namespace {

constexpr size_t maxWidth = 120;

std::string layers(int64_t count) { return (Twine(count) + (count == 1 ? " layer" : " layers")).str(); }

std::string formatPercent(double part, double whole) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f%%", whole > 0 ? 100 * part / whole : 0.0);
  return text;
}

std::string formatIntensity(const Work &work) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.1f", getIntensity(work));
  return text;
}

void writeModel(raw_ostream &os, const ModelReport &model) {
  os << "Model: \"" << toOneLine(model.name) << "\"\n";
  Table table(/*numLeft=*/2, maxWidth);
  table.addRow({"Layer (type)", "Output Shape", "Param #", "Multiply-adds", "Depth"});
  for (const LayerReport &layer : model.layers) {
    std::string count = withCommas(layer.getParameters());
    if (layer.shared)
      count = "shared " + count;
    table.addRow({layer.name + " (" + layer.kind + ")", llvm::join(layer.shapes, ", "), count,
                  withCommas(layer.multiplyAdds), std::to_string(layer.depth)});
  }
  table.print(os);
  os << " Total params: " << withCommas(model.trainable + model.frozen) << " ("
     << withUnit(static_cast<double>(model.parameterBytes)) << ")\n"
     << " Trainable params: " << withCommas(model.trainable) << "\n"
     << " Frozen params: " << withCommas(model.frozen) << "\n"
     << " Multiply-adds per sample, forward: " << withCommas(model.multiplyAdds) << "\n"
     << " Depth: " << layers(model.depth) << " with weights on the longest path of " << layers(model.longestPath)
     << "\n\n";
}

class StepWriter {
public:
  StepWriter(raw_ostream &os, const CostReport &report, const StepReport &step) : os(os), report(report), step(step) {
    llvm::SmallDenseSet<int64_t> models;
    for (const LayerCost &cost : step.layers)
      if (cost.model >= 0)
        models.insert(cost.model);
    hasOneModel = models.size() == 1;
  }

  void write() {
    os << "Step: \"" << toOneLine(step.name) << "\", batch " << step.batch;
    if (report.isForGpu())
      os << ", for target " << report.describeTarget();
    if (report.device)
      os << ", on " << report.device->name;
    os << "\n";
    writeWork();
    writeMemory();
    if (report.isForGpu())
      writeLaunches();
    writeTotals();
  }

private:
  /// As in the model's table where one model is all there is.
  std::string getName(const LayerCost &cost) const {
    if (cost.layer < 0)
      return noLayer.str();
    const LayerReport &layer = report.models[cost.model].layers[cost.layer];
    return hasOneModel ? layer.name : layer.path;
  }

  static bool isEmpty(const LayerCost &cost) {
    return cost.layer < 0 && cost.work.getFlops() == 0 && cost.work.bytes == 0;
  }

  void addWork(Table &table, std::string name, const Work &work) const {
    SmallVector<std::string> row = {std::move(name)};
    for (int64_t count : {work.multiplyAdds[forward], work.multiplyAdds[backward], work.flops[forward],
                          work.flops[backward], work.flops[update]})
      row.push_back(formatCount(static_cast<double>(count)));
    row.push_back(formatPercent(static_cast<double>(work.getFlops()), static_cast<double>(step.total.getFlops())));
    row.push_back(withUnit(static_cast<double>(work.bytes)));
    row.push_back(formatIntensity(work));
    if (report.device)
      row.push_back(formatSeconds(work.seconds));
    table.addRow(row);
  }

  void writeWork() const {
    Table table(/*numLeft=*/1, maxWidth);
    SmallVector<std::string> head = {"Work of a step", "MACs fwd", "MACs bwd", "FLOPs fwd", "FLOPs bwd",
                                     "FLOPs upd",      "of FLOPs", "Moves",    "FLOP/B"};
    if (report.device)
      head.push_back("Time");
    table.addRow(head);
    for (const LayerCost &cost : step.layers)
      if (!isEmpty(cost))
        addWork(table, getName(cost), cost.work);
    addWork(table, "total", step.total);
    table.print(os);
  }

  static void addMemory(Table &table, std::string name, const Memory &memory, int64_t sum, int64_t all) {
    SmallVector<std::string> row = {std::move(name)};
    for (int64_t bytes : {memory.parameters, memory.optimizerState, memory.gradients, memory.activations})
      row.push_back(withUnit(static_cast<double>(bytes)));
    row.push_back(formatPercent(static_cast<double>(sum), static_cast<double>(all)));
    row.push_back(withUnit(static_cast<double>(memory.working)));
    row.push_back(withUnit(static_cast<double>(memory.scratch)));
    table.addRow(row);
  }

  /// What adds up.
  static int64_t getKept(const Memory &memory) {
    return memory.parameters + memory.optimizerState + memory.gradients + memory.activations;
  }

  void writeMemory() const {
    Table table(/*numLeft=*/1, maxWidth);
    table.addRow({"Memory", "Parameters", "Optimiser", "Gradients", "Activations", "of these", "Working",
                  report.isForGpu() ? "Shared" : "Scratch"});
    int64_t all = getKept(step.memory);
    for (const LayerCost &cost : step.layers)
      if (getKept(cost.memory) || cost.memory.working || cost.memory.scratch)
        addMemory(table, getName(cost), cost.memory, getKept(cost.memory), all);
    addMemory(table, "total", step.memory, all, all);
    table.print(os);
  }

  void writeLaunches() const {
    Table table(/*numLeft=*/1, maxWidth);
    SmallVector<std::string> head = {"Launch", "Blocks", "Threads", "Shared", "FLOPs", "Moves"};
    if (report.device)
      head.push_back("Time");
    table.addRow(head);
    for (const KernelReport &kernel : step.kernels) {
      SmallVector<std::string> row = {kernel.name,
                                      std::to_string(kernel.tasks),
                                      std::to_string(kernel.threads),
                                      withUnit(static_cast<double>(kernel.sharedBytes)),
                                      formatCount(static_cast<double>(kernel.flops)),
                                      withUnit(static_cast<double>(kernel.bytes))};
      if (report.device)
        row.push_back(formatSeconds(kernel.seconds));
      table.addRow(row);
    }
    table.print(os);
  }

  void writeTotals() const {
    auto count = [](int64_t number) { return formatCount(static_cast<double>(number)); };
    os << " A step: " << count(step.total.getFlops()) << " FLOPs, " << withUnit(static_cast<double>(step.total.bytes))
       << " moved, " << formatIntensity(step.total) << " FLOP/byte";
    if (report.device)
      os << "; at least " << formatSeconds(step.total.seconds);
    os << "\n";
    if (report.samples) {
      auto steps = static_cast<double>(report.getSteps(step));
      os << " An epoch: " << withCommas(report.samples) << " samples, " << withCommas(report.getSteps(step))
         << " steps, " << formatCount(steps * static_cast<double>(step.total.getFlops())) << " FLOPs, "
         << withUnit(steps * static_cast<double>(step.total.bytes)) << " moved";
      if (report.device)
        os << "; at least " << formatSeconds(steps * step.total.seconds);
      os << "\n";
    }
    os << (report.isForGpu() ? " GPU memory of a step: " : " Memory of a step: ") << withCommas(step.peakBytes)
       << " bytes (" << withUnit(static_cast<double>(step.peakBytes)) << "), of which state "
       << withUnit(static_cast<double>(step.stateBytes)) << "; no plan needs less than "
       << withUnit(static_cast<double>(step.lowerBoundBytes)) << "\n";
    if (report.device && report.device->memoryBytes > 0)
      os << " Of the device's memory: "
         << formatPercent(static_cast<double>(step.peakBytes), report.device->memoryBytes) << " of "
         << withUnit(report.device->memoryBytes) << "\n";
    os << "\n";
  }

  raw_ostream &os;
  const CostReport &report;
  const StepReport &step;
  bool hasOneModel = false;
};

} // namespace

void nn::writeTable(raw_ostream &os, const CostReport &report) {
  for (const ModelReport &model : report.models)
    writeModel(os, model);
  for (const StepReport &step : report.steps)
    StepWriter(os, report, step).write();
}
