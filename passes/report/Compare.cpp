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

/// Kinds of layers in the order of the alphabet; last the empty one, which is what is no layer's.
struct KindOrder {
  bool operator()(StringRef a, StringRef b) const { return std::pair(a.empty(), a) < std::pair(b.empty(), b); }
};
using Kinds = std::map<std::string, Sum, KindOrder>;

std::string getKindName(StringRef kind) { return kind.empty() ? noLayer.str() : kind.str(); }

/// A step of a file; of a file without steps, a model, of which no work is known.
struct Column {
  std::string file, step, model;
  int64_t batch = 0, depth = 0, longestPath = 0, peakBytes = 0, lowerBoundBytes = 0, samples = 0, steps = 0;
  int64_t multiplyAddsPerSample = 0;
  bool hasWork = false;
  Sum total;
  Kinds kinds;

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

/// Kinds of layers of any column, and whether there is anything of them.
std::map<std::string, bool, KindOrder> getKinds(ArrayRef<Column> columns) {
  std::map<std::string, bool, KindOrder> kinds;
  for (const Column &column : columns)
    for (const auto &[name, kind] : column.kinds)
      kinds[name] |= kind.layers || kind.work.getFlops() || kind.work.bytes;
  return kinds;
}

class TableWriter {
public:
  TableWriter(raw_ostream &os, ArrayRef<Column> columns, const CostReport &first)
      : os(os), columns(columns), target(first.describeTarget()), hasDevice(first.device.has_value()),
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
      head[0] = getKindName(kind);
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
      row.push_back(needsWork && !column.hasWork ? none.str() : get(column));
    table.addRow(row);
  }

  /// `get` is null for a column that has none of it.
  void addSum(Table &table, llvm::function_ref<const Sum *(const Column &)> get) {
    auto add = [&](StringRef name, llvm::function_ref<std::string(const Sum &)> show, bool needsWork) {
      auto showColumn = [&](const Column &column) {
        const Sum *sum = get(column);
        return sum ? show(*sum) : none.str();
      };
      addRow(table, name, showColumn, needsWork);
    };
    auto count = [](int64_t number) { return formatCount(static_cast<double>(number)); };
    auto bytes = [](int64_t number) { return withUnit(static_cast<double>(number)); };
    add("Layers", [](const Sum &sum) { return std::to_string(sum.layers); }, false);
    add("Parameters", [](const Sum &sum) { return withCommas(sum.trainable + sum.frozen); }, false);
    for (auto [stage, name] :
         {std::pair(forward, "Multiply-adds forward"), std::pair(backward, "Multiply-adds backward")})
      add(name, [&, stage = stage](const Sum &sum) { return count(sum.work.multiplyAdds[stage]); }, true);
    for (auto [stage, name] : {std::pair(forward, "FLOPs forward"), std::pair(backward, "FLOPs backward"),
                               std::pair(update, "FLOPs update")})
      add(name, [&, stage = stage](const Sum &sum) { return count(sum.work.flops[stage]); }, true);
    add("Bytes moved", [&](const Sum &sum) { return bytes(sum.work.bytes); }, true);
    auto formatIntensity = [](const Sum &sum) {
      std::string text;
      llvm::raw_string_ostream(text) << llvm::format("%.1f", getIntensity(sum.work));
      return text;
    };
    add("FLOP/byte", formatIntensity, true);
    add("Parameter bytes", [&](const Sum &sum) { return bytes(sum.memory.parameters); }, false);
    add("Optimiser state", [&](const Sum &sum) { return bytes(sum.memory.optimizerState); }, true);
    add("Gradients", [&](const Sum &sum) { return bytes(sum.memory.gradients); }, true);
    add("Activations kept", [&](const Sum &sum) { return bytes(sum.memory.activations); }, true);
    if (hasDevice)
      add("Time of a step, at least", [](const Sum &sum) { return formatSeconds(sum.work.seconds); }, true);
  }

  void addTotals(Table &table) {
    addRow(table, "Batch", [](auto &c) { return std::to_string(c.batch); }, true);
    addRow(table, "Trainable", [](auto &c) { return withCommas(c.total.trainable); }, false);
    addRow(table, "Frozen", [](auto &c) { return withCommas(c.total.frozen); }, false);
    addRow(table, "Depth: with weights", [](auto &c) { return std::to_string(c.depth); }, false);
    addRow(table, "Depth: all layers", [](auto &c) { return std::to_string(c.longestPath); }, false);
    addRow(
        table, "Multiply-adds per sample",
        [](auto &c) { return formatCount(static_cast<double>(c.multiplyAddsPerSample)); }, false);
    addSum(table, [](auto &c) { return &c.total; });
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
    addSum(table, [&](const Column &c) {
      auto sum = c.kinds.find(kind);
      return sum == c.kinds.end() ? nullptr : &sum->second;
    });
  }

  /// In place of a number that there is not.
  static constexpr StringLiteral none = "–";

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
    out.attribute("schema", "nnc-comparison/2");
    if (llvm::any_of(reports, [](const CostReport &report) { return !report.steps.empty(); }))
      writeTarget(out, first);
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
              out.attributeObject(getKindName(name),
                                  [&, &kind = kind] { writeSum(out, kind, column.hasWork, hasDevice); });
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
                                   "activation_bytes",
                                   "depth",
                                   "longest_path",
                                   "multiply_adds_per_sample",
                                   "peak_bytes",
                                   "lower_bound_bytes"};
  if (hasDevice)
    head.push_back("seconds");
  const CostReport &first = reports.front();
  if (first.isForGpu())
    head.push_back("target");
  for (auto [name, choice] : first.getProductChoices())
    head.push_back(name.str());
  writeCsvLine(os, head);
  for (const Column &column : makeColumns(reports)) {
    // Of a column without work, what only a step has stays empty; so does what only a whole column has for a kind.
    auto addLine = [&](const std::string &kind, const Sum &sum, bool isTotal) {
      SmallVector<std::string> fields = {column.file, column.step, column.model,
                                         column.hasWork ? std::to_string(column.batch) : "", kind};
      auto add = [&](std::initializer_list<int64_t> numbers, bool isKnown) {
        for (int64_t number : numbers)
          fields.push_back(isKnown ? std::to_string(number) : "");
      };
      const Work &work = sum.work;
      add({sum.layers, sum.trainable, sum.frozen, sum.memory.parameters}, true);
      add({work.multiplyAdds[forward], work.multiplyAdds[backward], work.flops[forward], work.flops[backward],
           work.flops[update], work.bytes, sum.memory.optimizerState, sum.memory.gradients, sum.memory.activations},
          column.hasWork);
      add({column.depth, column.longestPath, column.multiplyAddsPerSample}, isTotal);
      add({column.peakBytes, column.lowerBoundBytes}, isTotal && column.hasWork);
      if (hasDevice && column.hasWork)
        fields.push_back(formatExact(work.seconds));
      if (first.isForGpu() && column.hasWork)
        fields.push_back(first.target);
      if (column.hasWork)
        for (auto [name, choice] : first.getProductChoices())
          fields.push_back(choice.str());
      fields.resize(head.size());
      writeCsvLine(os, fields);
    };
    for (const auto &[name, kind] : column.kinds)
      addLine(getKindName(name), kind, /*isTotal=*/false);
    addLine("total", column.total, /*isTotal=*/true);
  }
}

void nn::writeComparisonHtml(raw_ostream &os, ArrayRef<CostReport> reports) {
  std::string json;
  llvm::raw_string_ostream jsonStream(json);
  writeComparisonJson(jsonStream, reports);
  writePage(os, json);
}
