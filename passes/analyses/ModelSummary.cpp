// One walk over a model in program order; a called model counts as one layer whose depth is the callee's.
#include "passes/analyses/ModelSummary.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

void ParameterCount::add(VariableOp variable) {
  int64_t count = 1, size = variable.getTensorType().getElementTypeBitWidth() / 8;
  for (int64_t size : variable.getTensorType().getShape())
    overflow |= llvm::MulOverflow(count, size, count);
  int64_t &sum = variable.getTrainable() ? trainable : frozen;
  overflow |= llvm::AddOverflow(sum, count, sum);
  overflow |= llvm::MulOverflow(count, size, size) | llvm::AddOverflow(bytes, size, bytes);
}

namespace {

/// Lengths of the longest paths to a value.
struct Distance {
  int64_t weighted = 0;
  int64_t ops = 0;
};

class Summarizer {
public:
  explicit Summarizer(ModuleOp module) : symbols(module) {}

  const ModelSummary &summarize(ModelOp model) {
    auto [it, isNew] = summaries.try_emplace(model);
    if (!isNew)
      return *it->second;
    auto summary = std::make_unique<ModelSummary>();
    llvm::DenseMap<Value, Distance> distances;
    model.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) { visit(op, *summary, distances); });
    for (Value result : model.getBody().front().getTerminator()->getOperands()) {
      summary->weightedDepth = std::max(summary->weightedDepth, distances[result].weighted);
      summary->longestPath = std::max(summary->longestPath, distances[result].ops);
    }
    for (VariableOp variable : summary->variables)
      summary->parameters.add(variable);
    drawGraph(model, *summary);
    return *(summaries[model] = std::move(summary));
  }

private:
  void visit(Operation *op, ModelSummary &summary, llvm::DenseMap<Value, Distance> &distances) {
    Distance longest;
    // Values that a nested op takes from above count for the op that contains it.
    for (Value operand : op->getOperands()) {
      Distance distance = distances.lookup(operand);
      longest.weighted = std::max(longest.weighted, distance.weighted);
      longest.ops = std::max(longest.ops, distance.ops);
    }
    LayerSummary row{{}, {}, op->getLoc(), {}, {}};
    SmallVector<VariableOp> used;
    if (auto layer = dyn_cast<LayerOpInterface>(op)) {
      row.kind = op->getName().stripDialect();
      row.multiplyAdds = layer.getMultiplyAdds();
      longest.weighted += layer.getDepth();
      longest.ops += 1;
      for (OpOperand &operand : layer.getParamsMutable())
        if (auto get = operand.get().getDefiningOp<GetVariableOp>())
          used.push_back(symbols.lookup<VariableOp>(get.getVariable()));
    } else if (auto call = dyn_cast<CallOp>(op)) {
      const ModelSummary &callee = summarize(symbols.lookup<ModelOp>(call.getCallee()));
      row.name = call.getCallee();
      row.kind = "model";
      row.multiplyAdds = callee.multiplyAdds;
      longest.weighted += callee.weightedDepth;
      longest.ops += callee.longestPath;
      used.assign(callee.variables.begin(), callee.variables.end());
    }
    for (Value result : op->getResults())
      distances[result] = longest;
    if (row.kind.empty())
      return;
    if (row.name.empty())
      row.name = layerName(op);
    row.outputs.assign(op->result_type_begin(), op->result_type_end());
    row.depth = longest.weighted;
    row.longestPath = longest.ops;
    rows[op] = summary.layers.size();
    row.shared = !used.empty();
    for (VariableOp variable : used) {
      row.parameters.add(variable);
      row.shared &= !summary.variables.insert(variable);
    }
    if (llvm::AddOverflow(summary.multiplyAdds, row.multiplyAdds, summary.multiplyAdds))
      summary.multiplyAdds = INT64_MAX;
    summary.layers.push_back(std::move(row));
  }

  /// The nodes of a model's block and the edges between them. What an op's regions take from above flows into it.
  void drawGraph(ModelOp model, ModelSummary &summary) {
    Block &body = model.getBody().front();
    llvm::DenseMap<Value, int64_t> sources;
    for (auto [argument, name] : llvm::zip(body.getArguments(), model.getArgNames().getAsRange<StringAttr>())) {
      sources[argument] = summary.nodes.size();
      summary.nodes.push_back({name.str(), "input"});
    }
    for (Operation &op : body) {
      auto row = rows.find(&op);
      SummaryNode node = row == rows.end() ? SummaryNode{op.getName().getStringRef().str(), "op"}
                                           : SummaryNode{summary.layers[row->second].name,
                                                         summary.layers[row->second].kind, row->second};
      bool isOutput = op.hasTrait<OpTrait::IsTerminator>();
      if (isOutput)
        node = {"output", "output"};
      llvm::SetVector<int64_t> operands;
      llvm::SetVector<Value> captured;
      getUsedValuesDefinedAbove(op.getRegions(), captured);
      for (Value value : llvm::concat<Value>(llvm::to_vector(op.getOperands()), captured.takeVector()))
        if (auto source = sources.find(value); source != sources.end())
          operands.insert(source->second);
      if (operands.empty() && !isOutput && row == rows.end())
        continue;
      int64_t index = summary.nodes.size();
      summary.nodes.push_back(std::move(node));
      for (int64_t operand : operands)
        summary.edges.emplace_back(operand, index);
      for (Value result : op.getResults())
        sources[result] = index;
    }
  }

  /// The last part of the name that materialising parameters put into the location.
  static std::string layerName(Operation *op) {
    if (auto name = dyn_cast<NameLoc>(op->getLoc()))
      return name.getName().getValue().rsplit('.').second.str();
    return op->getName().stripDialect().str();
  }

  SymbolTable symbols;
  /// The place of each layer and call in the summary of its model.
  llvm::DenseMap<Operation *, int64_t> rows;
  llvm::DenseMap<Operation *, std::unique_ptr<ModelSummary>> summaries;
};

} // namespace

ModelSummary nn::summarize(ModelOp model) { return Summarizer(model->getParentOfType<ModuleOp>()).summarize(model); }
