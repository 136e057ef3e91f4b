// Reverse mode in three steps: find the ops between inputs and outputs, give them their saving forms, walk back.
#include "dialect/ReverseMode.h"
#include "dialect/Layer.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::nn;

static bool isFloatLike(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

/// The values whose change a result feels: what the op says, or, of an op that says nothing, all floats it reads.
static SmallVector<Value> getDifferentiableInputs(Operation *op) {
  SmallVector<Value> values;
  if (auto differentiable = dyn_cast<DifferentiableOpInterface>(op)) {
    for (auto [index, value] : llvm::enumerate(differentiable.getGradientInputs()))
      if (differentiable.isDifferentiableInput(index))
        values.push_back(value);
    return values;
  }
  llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
  getUsedValuesDefinedAbove(op->getRegions(), read);
  llvm::copy_if(read, std::back_inserter(values), isFloatLike);
  return values;
}

void ReverseMode::analyse() {
  varying.clear();
  active.clear();
  varying.insert(inputs.begin(), inputs.end());
  SmallVector<Operation *> dependent;
  for (Operation &op : block) {
    if (&op == end)
      break;
    if (!llvm::any_of(getDifferentiableInputs(&op), [&](Value value) { return varying.contains(value); }))
      continue;
    auto floats = llvm::make_filter_range(op.getResults(), isFloatLike);
    if (floats.empty())
      continue;
    varying.insert(floats.begin(), floats.end());
    dependent.push_back(&op);
  }
  influencing.clear();
  influencing.insert(outputs.begin(), outputs.end());
  for (Operation *op : llvm::reverse(dependent)) {
    if (!llvm::any_of(op->getResults(), [&](Value result) { return influencing.contains(result); }))
      continue;
    active.push_back(op);
    for (Value value : getDifferentiableInputs(op))
      influencing.insert(value);
  }
  std::reverse(active.begin(), active.end());
}

void ReverseMode::replaceTracked(ValueRange from, ValueRange to) {
  for (auto [old, replacement] : llvm::zip(from, to)) {
    llvm::replace(inputs, Value(old), Value(replacement));
    llvm::replace(outputs, Value(old), Value(replacement));
  }
}

LogicalResult ReverseMode::lowerLayers(bool &changed) {
  changed = false;
  SmallVector<LayerOpInterface> layers;
  for (Operation *op : active)
    op->walk([&](LayerOpInterface layer) {
      if (!isa<DifferentiableOpInterface>(layer.getOperation()))
        layers.push_back(layer);
    });
  for (LayerOpInterface layer : layers) {
    Operation *op = layer;
    OpBuilder builder(op);
    FailureOr<SmallVector<Value>> lowered = layer.lower(builder);
    if (failed(lowered))
      return op->emitError() << "'" << op->getName() << "' cannot be lowered, so it has no gradient";
    replaceTracked(op->getResults(), *lowered);
    op->replaceAllUsesWith(*lowered);
    op->erase();
    changed = true;
  }
  return success();
}

SmallVector<bool> ReverseMode::getWanted(DifferentiableOpInterface op) const {
  SmallVector<bool> wanted;
  for (auto [index, value] : llvm::enumerate(op.getGradientInputs()))
    wanted.push_back(varying.contains(value) && op.isDifferentiableInput(index));
  return wanted;
}

void ReverseMode::collectObstacles(SmallVectorImpl<std::pair<Operation *, std::string>> &obstacles) {
  analyse();
  for (Operation *op : active) {
    std::string obstacle = "has no gradient";
    if (auto differentiable = dyn_cast<DifferentiableOpInterface>(op))
      obstacle = differentiable.getObstacle(getWanted(differentiable));
    else if (isa<LayerOpInterface>(op))
      obstacle.clear();
    if (!obstacle.empty())
      obstacles.emplace_back(op, std::move(obstacle));
  }
}

LogicalResult ReverseMode::check() {
  for (bool changed = true; changed;) {
    analyse();
    if (failed(lowerLayers(changed)))
      return failure();
  }
  SmallVector<std::pair<Operation *, std::string>> obstacles;
  collectObstacles(obstacles);
  for (auto &[op, reason] : obstacles) {
    InFlightDiagnostic error = emitError(op->getLoc()) << "'" << op->getName() << "' ";
    if (std::string layer = getLayerName(op->getLoc()); !layer.empty())
      error << "of layer '" << layer << "' ";
    error << reason << ", and the loss depends on trained values through it";
  }
  return success(obstacles.empty());
}

LogicalResult ReverseMode::makeSavingForms() {
  analyse();
  for (Operation *op : active) {
    SmallVector<Value> results(op->getResults());
    OpBuilder builder(op);
    FailureOr<Operation *> form = cast<DifferentiableOpInterface>(op).makeSavingForm(builder);
    if (failed(form))
      return failure();
    replaceTracked(results, (*form)->getResults().take_front(results.size()));
  }
  analyse();
  return success();
}

/// An adjoint may use what it saved, the gradients that arrive, and what it made itself.
static LogicalResult verifyAdjoint(Operation *primal, ArrayRef<Operation *> made, ValueRange saved,
                                   ArrayRef<Value> resultGrads, ArrayRef<Value> grads) {
  llvm::DenseSet<Value> allowed(saved.begin(), saved.end());
  allowed.insert(resultGrads.begin(), resultGrads.end());
  for (Operation *op : made)
    allowed.insert(op->result_begin(), op->result_end());
  auto check = [&](Value value) -> LogicalResult {
    if (!value || allowed.contains(value))
      return success();
    return primal->emitError() << "'" << primal->getName() << "': its adjoint uses a value of type " << value.getType()
                               << " that it did not save";
  };
  for (Operation *op : made) {
    llvm::SetVector<Value> read(op->operand_begin(), op->operand_end());
    getUsedValuesDefinedAbove(op->getRegions(), read);
    for (Value value : read)
      if (failed(check(value)))
        return failure();
  }
  for (Value grad : grads)
    if (failed(check(grad)))
      return failure();
  return success();
}

namespace {

/// The gradients of values during the walk back, and the ops made for them.
class GradientMap {
public:
  explicit GradientMap(OpBuilder &builder) : builder(builder), block(builder.getInsertionBlock()) {}

  Value lookup(Value value) const { return grads.lookup(value); }

  /// Adds to a value's gradient. `fresh`: `grad` was made for this alone, so it may be changed in place later.
  void add(Location loc, Value value, Value grad, bool fresh) {
    Value &sum = grads[value];
    if (!sum) {
      sum = grad;
      setOwned(value, fresh);
      return;
    }
    (void)record([&] {
      Value inPlace = fresh && owned.contains(value) ? accumulateInto(builder, loc, sum, grad) : Value();
      sum = inPlace ? inPlace : addGradients(builder, loc, sum, grad);
    });
    setOwned(value, true);
  }

  /// Runs `emit` and returns the ops it made at the insertion point.
  ArrayRef<Operation *> record(function_ref<void()> emit) {
    Block::iterator point = builder.getInsertionPoint();
    Operation *before = point == block->begin() ? nullptr : &*std::prev(point);
    emit();
    size_t first = made.size();
    for (auto it = before ? std::next(before->getIterator()) : block->begin(); it != builder.getInsertionPoint(); ++it)
      made.push_back(&*it);
    return ArrayRef(made).drop_front(first);
  }

  /// Erases what turned out not to be needed for `results`; the rest are the ops made.
  ArrayRef<Operation *> finish(ArrayRef<Value> results) {
    llvm::DenseSet<Value> kept(results.begin(), results.end());
    for (Operation *&op : llvm::reverse(made))
      if (isOpTriviallyDead(op) && llvm::none_of(op->getResults(), [&](Value value) { return kept.contains(value); })) {
        op->erase();
        op = nullptr;
      }
    llvm::erase(made, nullptr);
    return made;
  }

private:
  void setOwned(Value value, bool isOwned) {
    if (isOwned)
      owned.insert(value);
    else
      owned.erase(value);
  }

  OpBuilder &builder;
  Block *block;
  DenseMap<Value, Value> grads;
  llvm::DenseSet<Value> owned;
  SmallVector<Operation *> made;
};

} // namespace

FailureOr<SmallVector<Value>> ReverseMode::emit(OpBuilder &builder, ArrayRef<Value> outputGrads,
                                                function_ref<void(Operation *)> emitted) {
  GradientMap grads(builder);
  for (auto [output, grad] : llvm::zip(outputs, outputGrads))
    if (grad)
      grads.add(output.getLoc(), output, grad, /*fresh=*/false);

  for (Operation *op : llvm::reverse(active)) {
    SmallVector<Value> resultGrads =
        llvm::map_to_vector(op->getResults(), [&](Value result) { return grads.lookup(result); });
    if (llvm::none_of(resultGrads, [](Value grad) { return bool(grad); }))
      continue;
    auto differentiable = cast<DifferentiableOpInterface>(op);
    SmallVector<Value> gradientInputs = differentiable.getGradientInputs();
    SmallVector<bool> wanted = getWanted(differentiable);
    SmallVector<Value> saved = differentiable.getSavedValues();
    FailureOr<SmallVector<Value>> inputGrads = failure();
    ArrayRef<Operation *> made =
        grads.record([&] { inputGrads = differentiable.buildAdjoint(builder, saved, resultGrads, wanted); });
    if (failed(inputGrads) || failed(verifyAdjoint(op, made, saved, resultGrads, *inputGrads)))
      return failure();
    // What an adjoint hands on may be an incoming gradient, or one value for two inputs.
    llvm::DenseSet<Value> own;
    for (Operation *op : made)
      own.insert(op->result_begin(), op->result_end());
    for (auto [value, grad] : llvm::zip(gradientInputs, *inputGrads))
      if (grad)
        grads.add(op->getLoc(), value, grad, own.contains(grad) && llvm::count(*inputGrads, grad) == 1);
  }
  SmallVector<Value> results = llvm::map_to_vector(inputs, [&](Value input) { return grads.lookup(input); });
  ArrayRef<Operation *> made = grads.finish(results);
  if (emitted)
    llvm::for_each(made, emitted);
  return results;
}
