// One walk over a model in program order; a called model counts as one layer whose depth is the callee's.
#include "passes/analyses/ModelSummary.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

void ParameterCount::add(VariableOp variable) {
  int64_t count = 1;
  for (int64_t size : variable.getTensorType().getShape())
    overflow |= llvm::MulOverflow(count, size, count);
  int64_t &sum = variable.getTrainable() ? trainable : frozen;
  overflow |= llvm::AddOverflow(sum, count, sum);
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
    LayerSummary row;
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
    row.shared = !used.empty();
    for (VariableOp variable : used) {
      row.parameters.add(variable);
      row.shared &= !summary.variables.insert(variable);
    }
    if (llvm::AddOverflow(summary.multiplyAdds, row.multiplyAdds, summary.multiplyAdds))
      summary.multiplyAdds = INT64_MAX;
    summary.layers.push_back(std::move(row));
  }

  /// The last part of the name that materialising parameters put into the location.
  static std::string layerName(Operation *op) {
    if (auto name = dyn_cast<NameLoc>(op->getLoc()))
      return name.getName().getValue().rsplit('.').second.str();
    return op->getName().stripDialect().str();
  }

  SymbolTable symbols;
  llvm::DenseMap<Operation *, std::unique_ptr<ModelSummary>> summaries;
};

} // namespace

ModelSummary nn::summarize(ModelOp model) { return Summarizer(model->getParentOfType<ModuleOp>()).summarize(model); }
