// Several models side by side, a column each: their totals, and what their layers of each kind come to.
#include "codegen/Table.h"
#include "passes/report/Writers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <map>

using namespace mlir;
using namespace mlir::nn;

namespace {

/// What the layers of a kind come to, or all of a column.
struct Sum {
  int64_t layers = 0, trainable = 0, frozen = 0;
  Work work;
  Memory memory;
};

/// A step of a file; of a file without steps, a model, of which no work is known.
struct Column {
  std::string file, step, model;
  int64_t batch = 0, depth = 0, longestPath = 0, peakBytes = 0, lowerBoundBytes = 0, samples = 0, steps = 0;
  int64_t multiplyAddsPerSample = 0;
  bool hasWork = false;
  Sum total;
  /// In the order of the alphabet; the empty kind is what is no layer's.
  std::map<std::string, Sum> kinds;

  std::string getTitle() const {
    std::string title = llvm::sys::path::stem(file).str();
    return title + ":" + (hasWork ? step : model);
  }
};

void addLayer(Column &column, const LayerReport &layer) {
  Sum &kind = column.kinds[layer.kind];
  ++kind.layers;
  ++column.total.layers;
  kind.trainable += layer.shared ? 0 : layer.trainable;
  kind.frozen += layer.shared ? 0 : layer.frozen;
}

Column makeColumn(const CostReport &report, const StepReport &step) {
  Column column;
  column.file = report.file;
  column.step = step.name;
  column.batch = step.batch;
  column.hasWork = true;
  column.peakBytes = step.peakBytes;
  column.lowerBoundBytes = step.lowerBoundBytes;
  column.samples = report.samples;
  column.steps = report.samples ? report.getSteps(step) : 0;
  column.total.work = step.total;
  column.total.memory = step.memory;
  llvm::SmallDenseSet<int64_t> models;
  for (const LayerCost &cost : step.layers) {
    Sum &kind = column.kinds[cost.layer < 0 ? "" : report.models[cost.model].layers[cost.layer].kind];
    for (size_t stage = 0; stage < numStages; ++stage) {
      kind.work.multiplyAdds[stage] += cost.work.multiplyAdds[stage];
      kind.work.flops[stage] += cost.work.flops[stage];
    }
    kind.work.bytes += cost.work.bytes;
    kind.work.seconds += cost.work.seconds;
    kind.memory.parameters += cost.memory.parameters;
    kind.memory.optimizerState += cost.memory.optimizerState;
    kind.memory.gradients += cost.memory.gradients;
    kind.memory.activations += cost.memory.activations;
    kind.memory.working = std::max(kind.memory.working, cost.memory.working);
    kind.memory.scratch = std::max(kind.memory.scratch, cost.memory.scratch);
    if (cost.layer < 0)
      continue;
    addLayer(column, report.models[cost.model].layers[cost.layer]);
    models.insert(cost.model);
  }
  // Models that others call are part of these: the deepest has them in it.
  for (int64_t index : models) {
    const ModelReport &model = report.models[index];
    column.depth = std::max(column.depth, model.depth);
    column.longestPath = std::max(column.longestPath, model.longestPath);
    column.multiplyAddsPerSample = std::max(column.multiplyAddsPerSample, model.multiplyAdds);
  }
  for (const auto &[name, kind] : column.kinds) {
    column.total.trainable += kind.trainable;
    column.total.frozen += kind.frozen;
  }
  return column;
}

Column makeColumn(const CostReport &report, const ModelReport &model) {
  Column column;
  column.file = report.file;
  column.model = model.name;
  column.depth = model.depth;
  column.longestPath = model.longestPath;
  column.multiplyAddsPerSample = model.multiplyAdds;
  for (const LayerReport &layer : model.layers) {
    addLayer(column, layer);
    column.kinds[layer.kind].memory.parameters += layer.shared ? 0 : layer.parameterBytes;
  }
  column.total.trainable = model.trainable;
  column.total.frozen = model.frozen;
  column.total.memory.parameters = model.parameterBytes;
  return column;
}

std::vector<Column> makeColumns(ArrayRef<CostReport> reports) {
  std::vector<Column> columns;
  for (const CostReport &report : reports) {
    for (const StepReport &step : report.steps)
      columns.push_back(makeColumn(report, step));
    if (report.steps.empty())
      for (const ModelReport &model : report.models)
        columns.push_back(makeColumn(report, model));
  }
  return columns;
}

/// Kinds of layers of any column.
std::map<std::string, bool> getKinds(ArrayRef<Column> columns) {
  std::map<std::string, bool> kinds;
  for (const Column &column : columns)
    for (const auto &[name, kind] : column.kinds)
      kinds[name] |= kind.layers || kind.work.getFlops() || kind.work.bytes;
  return kinds;
}

class TableWriter {
public:
  TableWriter(raw_ostream &os, ArrayRef<Column> columns, const CostReport &first)
      : os(os), columns(columns), target(first.target), hasDevice(first.device.has_value()),
        isForGpu(first.isForGpu()) {}

  void write() {
    SmallVector<std::string> head = {isForGpu ? "Totals, " + target : "Totals"};
    for (const Column &column : columns)
      head.push_back(column.getTitle());
    Table totals(/*numLeft=*/1, maxWidth);
    totals.addRow(head);
    addTotals(totals);
    totals.print(os);
    for (const auto &[kind, isUsed] : getKinds(columns)) {
      if (!isUsed)
        continue;
      head[0] = kind.empty() ? "(no layer)" : kind;
      Table table(/*numLeft=*/1, maxWidth);
      table.addRow(head);
      addKind(table, kind);
      table.print(os);
    }
  }

private:
  static constexpr size_t maxWidth = 120;

  void addRow(Table &table, StringRef name, llvm::function_ref<std::string(const Column &)> get, bool needsWork) {
    SmallVector<std::string> row = {name.str()};
    for (const Column &column : columns)
      row.push_back(needsWork && !column.hasWork ? "-" : get(column));
    table.addRow(row);
  }

  void addSum(Table &table, llvm::function_ref<const Sum &(const Column &)> get) {
    auto count = [](int64_t number) { return formatCount(static_cast<double>(number)); };
    auto bytes = [](int64_t number) { return withUnit(static_cast<double>(number)); };
    addRow(table, "Layers", [&](auto &c) { return std::to_string(get(c).layers); }, false);
    addRow(table, "Parameters", [&](auto &c) { return withCommas(get(c).trainable + get(c).frozen); }, false);
    for (Stage stage : {forward, backward})
      addRow(
          table, stage == forward ? "Multiply-adds forward" : "Multiply-adds backward",
          [&](auto &c) { return count(get(c).work.multiplyAdds[stage]); }, true);
    for (auto [stage, name] : {std::pair(forward, "FLOPs forward"), std::pair(backward, "FLOPs backward"),
                               std::pair(update, "FLOPs update")})
      addRow(table, name, [&, stage = stage](auto &c) { return count(get(c).work.flops[stage]); }, true);
    addRow(table, "Bytes moved", [&](auto &c) { return bytes(get(c).work.bytes); }, true);
    addRow(
        table, "FLOP/byte",
        [&](auto &c) {
          std::string text;
          llvm::raw_string_ostream(text) << llvm::format("%.1f", getIntensity(get(c).work));
          return text;
        },
        true);
    addRow(table, "Parameter bytes", [&](auto &c) { return bytes(get(c).memory.parameters); }, false);
    addRow(table, "Optimiser state", [&](auto &c) { return bytes(get(c).memory.optimizerState); }, true);
    addRow(table, "Gradients", [&](auto &c) { return bytes(get(c).memory.gradients); }, true);
    addRow(table, "Activations kept", [&](auto &c) { return bytes(get(c).memory.activations); }, true);
    if (hasDevice)
      addRow(table, "Time of a step, at least", [&](auto &c) { return formatSeconds(get(c).work.seconds); }, true);
  }

  void addTotals(Table &table) {
    addRow(table, "Batch", [](auto &c) { return std::to_string(c.batch); }, true);
    addRow(table, "Trainable", [](auto &c) { return withCommas(c.total.trainable); }, false);
    addRow(table, "Frozen", [](auto &c) { return withCommas(c.total.frozen); }, false);
    addRow(table, "Depth: with weights", [](auto &c) { return std::to_string(c.depth); }, false);
    addRow(table, "Depth: all layers", [](auto &c) { return std::to_string(c.longestPath); }, false);
    addSum(table, [](auto &c) -> const Sum & { return c.total; });
    addRow(
        table, isForGpu ? "GPU memory of a step" : "Memory of a step",
        [](auto &c) { return withUnit(static_cast<double>(c.peakBytes)); }, true);
    addRow(table, "No plan with less", [](auto &c) { return withUnit(static_cast<double>(c.lowerBoundBytes)); }, true);
    if (llvm::any_of(columns, [](const Column &c) { return c.samples; })) {
      auto perEpoch = [](const Column &c, double amount) { return static_cast<double>(c.steps) * amount; };
      addRow(table, "Steps of an epoch", [](auto &c) { return withCommas(c.steps); }, true);
      addRow(
          table, "FLOPs of an epoch",
          [&](auto &c) { return formatCount(perEpoch(c, static_cast<double>(c.total.work.getFlops()))); }, true);
      if (hasDevice)
        addRow(
            table, "Time of an epoch, at least",
            [&](auto &c) { return formatSeconds(perEpoch(c, c.total.work.seconds)); }, true);
    }
  }

  void addKind(Table &table, const std::string &kind) {
    static const Sum none;
    addSum(table, [&](const Column &c) -> const Sum & {
      auto sum = c.kinds.find(kind);
      return sum == c.kinds.end() ? none : sum->second;
    });
  }

  raw_ostream &os;
  ArrayRef<Column> columns;
  std::string target;
  bool hasDevice, isForGpu;
};

void writeSum(llvm::json::OStream &out, const Sum &sum, bool hasWork, bool hasDevice) {
  out.attribute("layers", sum.layers);
  out.attributeObject("parameters", [&] {
    out.attribute("total", sum.trainable + sum.frozen);
    out.attribute("trainable", sum.trainable);
    out.attribute("frozen", sum.frozen);
    out.attribute("bytes", sum.memory.parameters);
  });
  if (!hasWork)
    return;
  writeWork(out, sum.work, hasDevice);
  writeMemory(out, sum.memory);
}

} // namespace

void nn::writeComparisonTable(raw_ostream &os, ArrayRef<CostReport> reports) {
  std::vector<Column> columns = makeColumns(reports);
  TableWriter(os, columns, reports.front()).write();
}

void nn::writeComparisonJson(raw_ostream &os, ArrayRef<CostReport> reports) {
  const CostReport &first = reports.front();
  bool hasDevice = first.device.has_value();
  llvm::json::OStream out(os, /*IndentSize=*/1);
  out.object([&] {
    out.attribute("schema", "nnc-comparison/1");
    if (llvm::any_of(reports, [](const CostReport &report) { return !report.steps.empty(); }))
      writeText(out, "target", first.target);
    if (hasDevice)
      writeDevice(out, *first.device);
    if (first.samples)
      out.attribute("samples", first.samples);
    out.attributeArray("columns", [&] {
      for (const Column &column : makeColumns(reports))
        out.object([&] {
          writeText(out, "title", column.getTitle());
          writeText(out, "file", column.file);
          writeText(out, column.hasWork ? "step" : "model", column.hasWork ? column.step : column.model);
          if (column.hasWork) {
            out.attribute("batch", column.batch);
            out.attribute("peak_bytes", column.peakBytes);
            out.attribute("lower_bound_bytes", column.lowerBoundBytes);
          }
          if (column.steps)
            out.attribute("steps", column.steps);
          out.attribute("depth", column.depth);
          out.attribute("longest_path", column.longestPath);
          out.attribute("multiply_adds_per_sample", column.multiplyAddsPerSample);
          out.attributeObject("total", [&] { writeSum(out, column.total, column.hasWork, hasDevice); });
          out.attributeObject("kinds", [&] {
            for (const auto &[name, kind] : column.kinds)
              out.attributeObject(name, [&, &kind = kind] { writeSum(out, kind, column.hasWork, hasDevice); });
          });
        });
    });
  });
  out.flush();
  os << "\n";
}

void nn::writeComparisonCsv(raw_ostream &os, ArrayRef<CostReport> reports) {
  bool hasDevice = reports.front().device.has_value();
  SmallVector<std::string> head = {"file",
                                   "step",
                                   "model",
                                   "batch",
                                   "kind",
                                   "layers",
                                   "trainable",
                                   "frozen",
                                   "parameter_bytes",
                                   "multiply_adds_forward",
                                   "multiply_adds_backward",
                                   "flops_forward",
                                   "flops_backward",
                                   "flops_update",
                                   "bytes",
                                   "optimizer_state_bytes",
                                   "gradient_bytes",
                                   "activation_bytes"};
  if (hasDevice)
    head.push_back("seconds");
  bool isForGpu = reports.front().isForGpu();
  if (isForGpu)
    head.push_back("target");
  writeCsvLine(os, head);
  for (const Column &column : makeColumns(reports)) {
    auto addLine = [&](const std::string &kind, const Sum &sum) {
      SmallVector<std::string> fields = {column.file, column.step, column.model,
                                         column.hasWork ? std::to_string(column.batch) : "", kind};
      for (int64_t number : {sum.layers, sum.trainable, sum.frozen, sum.memory.parameters})
        fields.push_back(std::to_string(number));
      const Work &work = sum.work;
      if (column.hasWork) {
        for (int64_t number :
             {work.multiplyAdds[forward], work.multiplyAdds[backward], work.flops[forward], work.flops[backward],
              work.flops[update], work.bytes, sum.memory.optimizerState, sum.memory.gradients, sum.memory.activations})
          fields.push_back(std::to_string(number));
        if (hasDevice)
          fields.push_back(formatExact(work.seconds));
      }
      fields.resize(head.size());
      if (isForGpu && column.hasWork)
        fields.back() = reports.front().target;
      writeCsvLine(os, fields);
    };
    for (const auto &[name, kind] : column.kinds)
      addLine(name.empty() ? "(no layer)" : name, kind);
    addLine("total", column.total);
  }
}

void nn::writeComparisonHtml(raw_ostream &os, ArrayRef<CostReport> reports) {
  std::string json;
  llvm::raw_string_ostream jsonStream(json);
  writeComparisonJson(jsonStream, reports);
  writePage(os, json);
}
