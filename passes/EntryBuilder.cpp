// Wires the ops of an entry point to what only their surroundings know: masks, random keys, ranges of inputs.
#include "passes/EntryBuilder.h"

using namespace mlir;
using namespace mlir::nn;

LogicalResult EntryBuilder::completeOps(VariableOp counter) {
  bool training = counter != nullptr;
  int64_t randomStream = 0;
  SmallVector<Operation *> ops;
  function.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops) {
    if (auto trainingOnly = dyn_cast<TrainingOnlyOpInterface>(op); trainingOnly && !training) {
      OpBuilder here(op);
      FailureOr<SmallVector<Value>> values = trainingOnly.buildInferenceForm(here);
      if (failed(values))
        return failure();
      op->replaceAllUsesWith(*values);
      op->erase();
      continue;
    }
    if (auto masked = dyn_cast<MaskedOpInterface>(op); masked && masked.getValidMutable().empty())
      masked.getValidMutable().assign(getContext("valid"));
    if (auto random = dyn_cast<RandomOpInterface>(op); random && random.getKeyMutable().empty())
      if (int64_t streams = random.getNumStreams()) {
        random.getKeyMutable().assign(ValueRange{getContext("seed"), getVariable(counter)});
        random.setStream(randomStream);
        randomStream += streams;
      }
  }
  for (unsigned index = 0; index < dataInputs; ++index) {
    Value input = function.getBody().getArgument(index);
    std::optional<int64_t> bound;
    for (OpOperand &use : input.getUses())
      if (auto layer = dyn_cast<LayerOpInterface>(use.getOwner()))
        if (std::optional<int64_t> limit = layer.getIndexBound(use.getOperandNumber()))
          bound = std::min(bound.value_or(*limit), *limit);
    if (bound) {
      NamedAttrList attributes(argumentAttributes[index]);
      attributes.set("nn.range", b.getDenseI64ArrayAttr({0, *bound - 1}));
      argumentAttributes[index] = attributes.getDictionary(b.getContext());
    }
  }
  return success();
}
