// A step's kernels, buffers and what they add up to; see CollectStep.h.
#include "passes/report/CollectStep.h"
#include "codegen/KernelNames.h"
#include "codegen/Program.h"
#include "dialect/Layer.h"
#include "runtime/include/nnc/program.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Adds without wrapping; what cannot be counted is found in the end.
void add(int64_t &sum, int64_t value) { sum = llvm::AddOverflow(sum, value, sum) ? INT64_MAX : sum; }

class StepCollector {
public:
  StepCollector(const CostReport &report, const Program &program, ArrayRef<BufferPlan> variables,
                const ProgramEntry &entry, const StepFacts &facts)
      : report(report), program(program), variables(variables), entry(entry), facts(facts) {}

  FailureOr<StepReport> collect(Location loc) {
    step.name = entry.symbol;
    step.batch = entry.batch;
    step.times = facts.times;
    if (static_cast<int64_t>(step.times.size()) != entry.plan.numOps)
      return emitError(loc) << "the plan counts " << entry.plan.numOps << " ops, the report " << step.times.size();
    addLayers();
    addKernels();
    addBuffers();
    addTotals();
    int64_t flops = 0;
    for (int64_t count : step.total.flops)
      add(flops, count);
    bool isTooLarge = flops == INT64_MAX;
    for (int64_t count : {step.total.multiplyAdds[forward], step.total.multiplyAdds[backward], step.total.bytes,
                          step.memory.activations})
      isTooLarge |= count == INT64_MAX;
    if (isTooLarge)
      return emitError(loc) << "step @" << step.name << " is too large: its counts do not fit 64 bits";
    return std::move(step);
  }

private:
  /// One for each layer of the models that the step runs, in the order of the file, and one for the rest.
  void addLayers() {
    for (auto [modelIndex, model] : llvm::enumerate(report.models)) {
      int64_t runs = facts.runs.lookup(model.name);
      if (runs == 0)
        continue;
      for (auto [layerIndex, layer] : llvm::enumerate(model.layers)) {
        if (layer.kind == "model")
          continue;
        LayerCost cost;
        cost.model = modelIndex;
        cost.layer = layerIndex;
        cost.memory.parameters = layer.parameterBytes;
        int64_t samples = 0, &products = cost.work.multiplyAdds[forward];
        if (llvm::MulOverflow(runs, entry.batch, samples) || llvm::MulOverflow(samples, layer.multiplyAdds, products))
          products = INT64_MAX;
        places[layer.path] = step.layers.size();
        step.layers.push_back(std::move(cost));
      }
    }
    rest = step.layers.size();
    step.layers.emplace_back();
    for (const auto &count : facts.multiplyAdds) {
      LayerCost &cost = find(count.first());
      add(cost.work.multiplyAdds[backward], count.second[backward]);
      // No layer says what the products of upstream ops are.
      if (cost.layer < 0)
        add(cost.work.multiplyAdds[forward], count.second[forward]);
    }
  }

  LayerCost &find(StringRef path) {
    auto place = places.find(path);
    return step.layers[place == places.end() ? rest : place->second];
  }

  /// The least time on the device asked for.
  double getSeconds(int64_t flops, int64_t tensorFlops, int64_t bytes) const {
    if (!report.device)
      return 0;
    const Device &device = *report.device;
    double seconds = std::max((flops - tensorFlops) / device.flops, bytes / device.bytesPerSecond);
    // They work beside the other units.
    return tensorFlops ? std::max(seconds, tensorFlops / device.getTensorFlops(report.matmulPrecision)) : seconds;
  }

  void addKernels() {
    for (const ProgramKernel &kernel : entry.kernels) {
      double seconds = getSeconds(kernel.flops, kernel.tensorFlops, kernel.bytes), alone = 0;
      KernelReport &row = step.kernels.emplace_back();
      row.name = kernel.name;
      row.layer = kernel.layer;
      row.stage = kernel.stage;
      row.tasks = kernel.tasks;
      row.flops = kernel.flops;
      row.bytes = kernel.bytes;
      row.tensorFlops = kernel.tensorFlops;
      row.seconds = seconds;
      row.threads = kernel.threads;
      row.sharedBytes = kernel.sharedBytes;
      for (const ProgramPart &part : kernel.parts) {
        alone += getSeconds(part.flops, part.tensorFlops, part.bytes);
        addPart(row, part);
      }
      for (const ProgramPart &part : kernel.parts)
        addPart(part, alone > 0 ? seconds * getSeconds(part.flops, part.tensorFlops, part.bytes) / alone : 0);
    }
  }

  static void addPart(KernelReport &row, const ProgramPart &part) {
    auto same = llvm::find_if(row.parts, [&](const KernelReport::Part &known) {
      return known.layer == part.layer && known.stage == part.stage;
    });
    if (same == row.parts.end())
      same = row.parts.insert(same, {part.layer.str(), part.stage.str(), 0, 0});
    add(same->flops, part.flops);
    add(same->bytes, part.bytes);
  }

  void addPart(const ProgramPart &part, double seconds) {
    LayerCost &cost = find(part.layer);
    Stage stage = parseStage(part.stage);
    add(cost.work.flops[stage], part.flops);
    add(cost.work.bytes, part.bytes);
    add(cost.stageBytes[stage], part.bytes);
    cost.work.seconds += seconds;
    cost.memory.scratch = std::max(cost.memory.scratch, part.sharedBytes);
  }

  StringRef getStage(int64_t time) const {
    return time >= 0 && time < static_cast<int64_t>(step.times.size()) ? StringRef(step.times[time].stage) : "";
  }

  /// Whether a buffer has the type of a parameter of its layer.
  bool isLikeParameter(const BufferPlan &buffer) const {
    return llvm::any_of(llvm::zip_equal(program.variables, variables), [&](const auto &pair) {
      auto &[variable, place] = pair;
      return variable.role == NNC_PARAMETER && place.layer == buffer.layer && place.type == buffer.type;
    });
  }

  /// What a temporary buffer is for, by the stages of the ops that first and last touch it.
  StringRef getRole(const BufferPlan &buffer) const {
    if (buffer.kind != BufferKind::temporary)
      return stringifyKind(buffer.kind);
    StringRef first = buffer.firstStage.empty() ? getStage(buffer.first) : StringRef(buffer.firstStage);
    StringRef last = buffer.lastStage.empty() ? getStage(buffer.last) : StringRef(buffer.lastStage);
    if (first == forwardStage && (last.contains(backwardStage) || last.contains(updateStage)))
      return "activation";
    if (first.contains(backwardStage) && last.contains(updateStage) && isLikeParameter(buffer))
      return "gradient";
    return "working";
  }

  void addBuffers() {
    for (auto [variable, buffer] : llvm::zip_equal(program.variables, variables)) {
      constexpr StringLiteral roles[] = {"parameter", "optimizer_state", "counter"};
      addBuffer(buffer, roles[variable.role]).last = entry.plan.numOps - 1;
      if (variable.role == NNC_SLOT)
        add(find(buffer.layer).memory.optimizerState, buffer.bytes);
    }
    llvm::MapVector<LayerCost *, SmallVector<PlacedBuffer>> working;
    SmallVector<PlacedBuffer> allWorking;
    for (const BufferPlan &buffer : entry.plan.buffers) {
      StringRef role = getRole(buffer);
      addBuffer(buffer, role);
      LayerCost &cost = find(buffer.layer);
      if (role == "activation")
        add(cost.memory.activations, buffer.bytes);
      else if (role == "gradient")
        add(cost.memory.gradients, buffer.bytes);
      else if (role == "scratch")
        cost.memory.scratch = std::max(cost.memory.scratch, buffer.offset + getSpace(buffer));
      else if (role == "working") {
        working[&cost].push_back(buffer);
        allWorking.push_back(buffer);
      }
    }
    for (auto &[cost, buffers] : working)
      cost->memory.working = findLivePeak(buffers).bytes;
    step.memory.working = findLivePeak(allWorking).bytes;
  }

  BufferReport &addBuffer(const BufferPlan &buffer, StringRef role) {
    BufferReport &row = step.buffers.emplace_back();
    row.kind = stringifyKind(buffer.kind);
    row.role = role;
    row.name = buffer.name;
    row.layer = buffer.layer;
    row.location = buffer.location;
    row.type = formatType(buffer.type);
    row.offset = buffer.offset;
    row.bytes = buffer.bytes;
    row.first = buffer.first;
    row.last = buffer.last;
    row.loop = buffer.loop;
    return row;
  }

  void addTotals() {
    for (const LayerCost &cost : step.layers) {
      for (size_t stage = 0; stage < numStages; ++stage) {
        add(step.total.multiplyAdds[stage], cost.work.multiplyAdds[stage]);
        add(step.total.flops[stage], cost.work.flops[stage]);
      }
      add(step.total.bytes, cost.work.bytes);
      step.total.seconds += cost.work.seconds;
      add(step.memory.optimizerState, cost.memory.optimizerState);
      add(step.memory.gradients, cost.memory.gradients);
      add(step.memory.activations, cost.memory.activations);
      step.memory.scratch = std::max(step.memory.scratch, cost.memory.scratch);
    }
    // Each variable once, whoever shares it.
    for (const BufferReport &buffer : step.buffers)
      if (buffer.role == "parameter")
        add(step.memory.parameters, buffer.bytes);
    EntryNeeds needs = findNeeds(entry.plan, program.stateBytes);
    step.peakBytes = needs.peak;
    step.lowerBoundBytes = needs.live.bytes;
    step.stateBytes = program.stateBytes;
  }

  const CostReport &report;
  const Program &program;
  ArrayRef<BufferPlan> variables;
  const ProgramEntry &entry;
  const StepFacts &facts;
  StepReport step;
  /// Of each layer's dotted name among the step's layers, and of what is no layer's.
  llvm::StringMap<size_t> places;
  size_t rest = 0;
};

} // namespace

SmallVector<func::FuncOp> nn::getTrainEntries(ModuleOp module) {
  return llvm::to_vector(llvm::make_filter_range(module.getOps<func::FuncOp>(), [](func::FuncOp function) {
    auto kind = function->getAttrOfType<StringAttr>("nn.entry");
    return kind && kind.getValue() == "train";
  }));
}

StringRef nn::getStepName(func::FuncOp entry) {
  auto symbol = entry->getAttrOfType<StringAttr>("nn.symbol");
  return symbol ? symbol.getValue() : StringRef();
}

std::vector<TimeReport> nn::describeTimes(func::FuncOp entry) {
  std::vector<TimeReport> times;
  for (Operation &op : entry.getBody().front()) {
    KernelOrigin origin = describeKernel(entry, op.getLoc());
    times.push_back({origin.layer, origin.stage});
  }
  return times;
}

LogicalResult nn::collectSteps(ModuleOp module, const llvm::StringMap<StepFacts> &facts, CostReport &report) {
  FailureOr<Program> program = readProgram(module);
  if (failed(program))
    return failure();
  SmallVector<BufferPlan> variables = describeVariables(module, *program);
  for (const ProgramEntry &entry : program->entries) {
    auto known = facts.find(entry.symbol);
    // A file may hold entry points that no step of it was made into.
    if (entry.kind != NNC_TRAIN || entry.batch <= 0 || known == facts.end())
      return module.emitError() << "'" << entry.name << "' is no training step of this file: a report is of models and "
                                << "steps alone";
    FailureOr<StepReport> step =
        StepCollector(report, *program, variables, entry, known->second).collect(module.getLoc());
    if (failed(step))
      return failure();
    report.steps.push_back(std::move(*step));
  }
  return success();
}
