// From a model file's module to its report; see Collect.h. Models are read before anything is compiled, products where
// they still are whole ops, and the rest where --nn-plan and --profile read it: off the plan and its kernels.
#include "passes/report/Collect.h"
#include "codegen/Passes.h"
#include "dialect/Layer.h"
#include "passes/CallGraph.h"
#include "passes/analyses/ModelSummary.h"
#include "passes/report/CollectStep.h"
#include "passes/report/ProductCounts.h"

using namespace mlir;
using namespace mlir::nn;

namespace {

/// Keras' notation of a shape, with None for the batch.
std::string formatShape(Type type) {
  std::string text = "(";
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(cast<RankedTensorType>(type).getShape(), os, [&](int64_t size) {
    if (ShapedType::isDynamic(size))
      os << "None";
    else
      os << size;
  });
  return text + ")";
}

FailureOr<ModelReport> collectModel(ModelOp model) {
  ModelSummary summary = summarize(model);
  if (summary.parameters.overflow || summary.multiplyAdds == INT64_MAX)
    return model.emitError() << "model @" << model.getSymName() << " is too large: its counts do not fit 64 bits";
  ModelReport report;
  report.name = model.getSymName();
  report.trainable = summary.parameters.trainable;
  report.frozen = summary.parameters.frozen;
  report.parameterBytes = summary.parameters.bytes;
  report.multiplyAdds = summary.multiplyAdds;
  report.depth = summary.weightedDepth;
  report.longestPath = summary.longestPath;
  for (const LayerSummary &layer : summary.layers) {
    LayerReport row;
    row.name = layer.name;
    row.path = layer.kind == "model" ? layer.name : getLayerName(layer.loc);
    row.kind = layer.kind;
    row.location = getFilePlace(layer.loc);
    for (Type type : layer.outputs)
      row.shapes.push_back(formatShape(type));
    row.trainable = layer.parameters.trainable;
    row.frozen = layer.parameters.frozen;
    row.parameterBytes = layer.parameters.bytes;
    row.shared = layer.shared;
    row.multiplyAdds = layer.multiplyAdds;
    row.depth = layer.depth;
    row.longestPath = layer.longestPath;
    report.layers.push_back(std::move(row));
  }
  for (const SummaryNode &node : summary.nodes)
    report.nodes.push_back({node.name, node.kind, node.layer});
  report.edges.assign(summary.edges.begin(), summary.edges.end());
  return report;
}

/// How often a run of `op`'s body runs each model; INT64_MAX: more often than can be counted.
void countCalls(Operation *op, int64_t times, llvm::StringMap<int64_t> &calls) {
  op->walk([&](CallOp call) {
    int64_t &count = calls[call.getCallee()];
    if (llvm::AddOverflow(count, times, count))
      count = INT64_MAX;
  });
}

/// How often a step runs each model; `order` has callers before those that they call.
llvm::StringMap<int64_t> countRuns(StepOp step, ArrayRef<ModelOp> order) {
  llvm::StringMap<int64_t> calls;
  countCalls(step, 1, calls);
  for (ModelOp model : order)
    if (int64_t times = calls.lookup(model.getSymName()))
      countCalls(model, times, calls);
  return calls;
}

/// Refuses a step with a layer whose multiply-adds cannot be counted, before anything of it is compiled.
LogicalResult verifyCounts(StepOp step, const llvm::StringMap<int64_t> &runs, ArrayRef<ModelReport> models,
                           int64_t batch) {
  for (const ModelReport &model : models) {
    int64_t samples = 0;
    bool isTooLarge = llvm::MulOverflow(runs.lookup(model.name), batch, samples);
    for (const LayerReport &layer : model.layers) {
      int64_t products = 0;
      // What a called model does is counted as its own.
      if (layer.kind == "model" || layer.multiplyAdds == 0 ||
          (!isTooLarge && !llvm::MulOverflow(samples, layer.multiplyAdds, products)))
        continue;
      return step.emitError() << "step @" << step.getSymName() << " is too large: at a batch of " << batch << " layer '"
                              << layer.path << "' has more multiply-adds than 64 bits can count";
    }
  }
  return success();
}

/// Models, each before those that it calls.
SmallVector<ModelOp> orderByCalls(ModuleOp module, SymbolTable &symbols) {
  llvm::SetVector<ModelOp> done;
  auto visit = [&](auto &self, ModelOp model) -> void {
    if (done.contains(model))
      return;
    model.walk([&](CallOp call) { self(self, symbols.lookup<ModelOp>(call.getCallee())); });
    done.insert(model);
  };
  for (ModelOp model : module.getOps<ModelOp>())
    visit(visit, model);
  SmallVector<ModelOp> order = done.takeVector();
  std::reverse(order.begin(), order.end());
  return order;
}

/// Runs the passes between two phases.
LogicalResult compile(ModuleOp module, Phase from, Phase to, const CompileOptions &options, RunPasses run) {
  OpPassManager pm(ModuleOp::getOperationName());
  buildPipeline(pm, from, to, options);
  return run(pm, module);
}

/// The plan and the kernels' costs. What else comes before phase planned only moves code.
LogicalResult plan(ModuleOp module, RunPasses run) {
  OpPassManager pm(ModuleOp::getOperationName());
  pm.addPass(createPlanArena());
  pm.addPass(createInstrumentKernels());
  return run(pm, module);
}

} // namespace

FailureOr<CostReport> nn::collectReport(ModuleOp module, StringRef file, const CollectOptions &options, RunPasses run) {
  FailureOr<Phase> phase = getPhase(module);
  if (failed(phase))
    return failure();
  if (*phase > Phase::params)
    return module.emitError() << "a report describes models, which phase '" << stringifyPhase(*phase)
                              << "' no longer holds; ask for it on the model file";
  if (module.getOps<ModelOp>().empty() && module.getOps<StepOp>().empty())
    return module.emitError() << "there is no nn.model and no nn.step to report";
  if (failed(compile(module, *phase, Phase::params, options.compile, run)) || failed(verifyAcyclicCalls(module)))
    return failure();
  CostReport report;
  report.file = file;
  report.device = options.device;
  report.samples = options.samples;
  report.target = options.compile.target;
  report.matmulPrecision = options.compile.matmulPrecision;
  report.cublaslt = options.compile.cublaslt;
  for (ModelOp model : module.getOps<ModelOp>()) {
    FailureOr<ModelReport> description = collectModel(model);
    if (failed(description))
      return failure();
    report.models.push_back(std::move(*description));
  }

  SymbolTable symbols(module);
  SmallVector<ModelOp> order = orderByCalls(module, symbols);
  llvm::StringMap<StepFacts> steps;
  for (StepOp step : module.getOps<StepOp>()) {
    StepFacts &facts = steps[step.getSymName()];
    facts.runs = countRuns(step, order);
    if (failed(verifyCounts(step, facts.runs, report.models, options.compile.batch)))
      return failure();
  }
  if (steps.empty())
    return report;
  CompileOptions compileOptions = options.compile;
  compileOptions.entries = "train";
  if (failed(compile(module, Phase::params, Phase::linalg, compileOptions, run)))
    return failure();
  for (func::FuncOp entry : getTrainEntries(module))
    steps[getStepName(entry)].multiplyAdds = countProducts(entry);
  if (failed(compile(module, Phase::linalg, Phase::tiled, compileOptions, run)))
    return failure();
  for (func::FuncOp entry : getTrainEntries(module))
    steps[getStepName(entry)].times = describeTimes(entry);
  if (failed(plan(module, run)) || failed(collectSteps(module, steps, report)))
    return failure();
  return report;
}
