// Makes one function per entry point of a file: init, and for each step train, evaluate and gradient, for each model
// predict. From here on all state is explicit: variables are arguments, their new values results.
#include "dialect/Clipping.h"
#include "dialect/Layer.h"
#include "dialect/Names.h"
#include "dialect/Recurrent.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "passes/CallGraph.h"
#include "passes/EntryBuilder.h"
#include "passes/Passes.h"
#include "llvm/Support/xxhash.h"

namespace mlir::nn {
#define GEN_PASS_DEF_BUILDENTRIES
#include "passes/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// What one nn.minimize asks for, with symbols resolved.
struct Objective {
  MinimizeOp op;
  OptimizerAttrInterface optimizer;
  SmallVector<VariableOp> variables;
  /// Optimiser slots of each variable.
  SmallVector<SmallVector<VariableOp>> slots;
};

/// What the update of one variable is made of.
struct Update {
  /// The look-ups after which only the rows that they have read are updated; none where all are.
  SmallVector<RowLookupOpInterface> lookups;
  /// The variable's gradient, or of each look-up that of its rows.
  SmallVector<Value> gradients;
};

struct BuildEntries : nn::impl::BuildEntriesBase<BuildEntries> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(run()))
      signalPassFailure();
  }

  LogicalResult run() {
    ModuleOp module = getOperation();
    // What options say has no place in the file.
    Location commandLine = UnknownLoc::get(&getContext());
    if (batch <= 0)
      return emitError(commandLine) << "--batch takes at least 1 sample, not " << batch;
    constexpr StringLiteral known[] = {"init", "train", "evaluate", "predict", "gradient"};
    SmallVector<StringRef> kinds;
    StringRef(entries).split(kinds, ',', -1, /*KeepEmpty=*/false);
    for (StringRef kind : kinds)
      if (!llvm::is_contained(known, kind))
        return emitError(commandLine) << "--entries takes " << listChoices(known) << ", not '" << kind << "'";
    auto wants = [&](StringRef kind) { return llvm::is_contained(kinds, kind); };
    if (failed(verifyAcyclicCalls(module)))
      return failure();

    SmallVector<ModelOp> models(module.getOps<ModelOp>());
    SmallVector<StepOp> steps(module.getOps<StepOp>());
    if (module.getBody()->empty())
      return module.emitError() << "the file is empty: there is no nn.model and no nn.step to compile";
    for (StepOp step : steps) {
      SmallVector<Objective> objectives;
      if (failed(resolveObjectives(step, objectives)))
        return failure();
      if (wants("train") && failed(buildTrain(step, objectives)))
        return failure();
      if (wants("evaluate") && failed(buildEvaluate(step, objectives, /*gradients=*/false)))
        return failure();
      if (wants("gradient") && failed(buildEvaluate(step, objectives, /*gradients=*/true)))
        return failure();
    }
    if (wants("predict"))
      for (ModelOp model : models)
        if (failed(buildPredict(model)))
          return failure();
    if (wants("init") && failed(buildInit()))
      return failure();
    if (mostBlocks > 0)
      for (func::FuncOp entry : module.getOps<func::FuncOp>())
        entry->setAttr(mostBlocksAttributeName, Builder(&getContext()).getI64IntegerAttr(mostBlocks));
    for (StepOp step : steps)
      step.erase();
    for (ModelOp model : models)
      model.erase();
    // With the batch size known, ops may be wrong that were not before; what comes next lowers some of them.
    return verify(module);
  }

  VariableOp addVariable(Operation *before, Location loc, StringRef name, Type type, Attribute initializer,
                         StringRef role) {
    OpBuilder b(before);
    return VariableOp::create(b, loc, b.getStringAttr(name), TypeAttr::get(type), initializer, Attribute(), UnitAttr(),
                              b.getStringAttr(role));
  }

  /// The variables that each nn.minimize updates; makes their slots.
  LogicalResult resolveObjectives(StepOp step, SmallVectorImpl<Objective> &objectives) {
    SymbolTable symbols(getOperation());
    llvm::SmallDenseSet<Operation *> updated;
    for (MinimizeOp minimize : step.getBody().getOps<MinimizeOp>()) {
      Objective objective{minimize, cast<OptimizerAttrInterface>(minimize.getOptimizer()), {}, {}};
      llvm::SetVector<VariableOp> targets;
      for (auto target : minimize.getTargets().getAsRange<FlatSymbolRefAttr>()) {
        Operation *symbol = symbols.lookup(target.getAttr());
        if (auto model = dyn_cast<ModelOp>(symbol))
          targets.insert_range(collectVariables(model, symbols));
        else
          targets.insert(cast<VariableOp>(symbol));
      }
      for (VariableOp variable : targets) {
        if (!variable.getTrainable())
          continue;
        if (!updated.insert(variable).second)
          return minimize.emitOpError() << "updates @" << variable.getSymName()
                                        << ", which another nn.minimize of this step updates too";
        objective.variables.push_back(variable);
        SmallVector<VariableOp> &slots = objective.slots.emplace_back();
        for (const SlotSpec &slot : objective.optimizer.getSlots(variable.getTensorType())) {
          std::string name = (variable.getSymName() + "." + slot.name).str();
          // A parameter that two steps update has slots of each.
          if (symbols.lookup(name))
            name = (variable.getSymName() + "." + step.getSymName() + "." + slot.name).str();
          slots.push_back(addVariable(step, variable.getLoc(), name, slot.type, slot.initializer, "slot"));
          symbols.insert(slots.back());
        }
      }
      if (objective.variables.empty())
        return minimize.emitOpError() << "updates nothing: its targets have no trainable parameters";
      objectives.push_back(std::move(objective));
    }
    return success();
  }

  /// The penalties of the variables' regularizers, of the type of the loss that they are added to.
  SmallVector<Value> buildPenalties(EntryBuilder &entry, MinimizeOp minimize, ArrayRef<VariableOp> variables) {
    Type type = minimize.getLoss().getType();
    SmallVector<Value> penalties;
    for (VariableOp variable : variables) {
      auto regularizer = dyn_cast_if_present<RegularizerAttrInterface>(variable.getRegularizerAttr());
      if (!regularizer)
        continue;
      Value penalty = regularizer.buildPenalty(entry.b, variable.getLoc(), entry.getVariable(variable));
      // Of a parameter whose element type is not the loss's.
      if (penalty.getType() != type) {
        bool isWider = getElementTypeOrSelf(type).isF64();
        penalty = isWider ? arith::ExtFOp::create(entry.b, variable.getLoc(), type, penalty).getResult()
                          : arith::TruncFOp::create(entry.b, variable.getLoc(), type, penalty).getResult();
      }
      penalties.push_back(penalty);
    }
    return penalties;
  }

  /// The role of a metric: `error` where less of it is better, `score` where more is, `metric` where no op says so.
  static StringRef getMetricRole(MetricOp metric) {
    Operation *op = metric.getValue().getDefiningOp();
    return op && op->hasTrait<Loss>() ? "error" : op && op->hasTrait<Score>() ? "score" : "metric";
  }

  /// Inlines a step's body and reports its metrics; returns the loss of each objective, regularisers included.
  FailureOr<SmallVector<Value>> inlineStep(EntryBuilder &entry, StepOp step, ArrayRef<Objective> objectives,
                                           VariableOp counter) {
    SymbolTable symbols(getOperation());
    SmallVector<Value> inputs = entry.addDataInputs(step.getFunctionType(), step.getArgNames(), step.getLoc());
    // Before all else, so that their gradients come after all else: a sum over samples that cancels does so exactly,
    // and what a penalty adds is added where the update reads the gradient.
    SmallVector<SmallVector<Value>> penalties;
    for (const Objective &objective : objectives)
      penalties.push_back(buildPenalties(entry, objective.op, objective.variables));
    IRMapping mapping;
    auto variable = [&](StringRef name) { return entry.getVariable(symbols.lookup<VariableOp>(name)); };
    if (failed(inlineBody(entry.b, step.getBody().front(), inputs, batch, symbols, variable, mapping)) ||
        failed(entry.completeOps(counter)))
      return failure();

    if (counter && classWeights && failed(weighClasses(entry, step)))
      return failure();

    // The statements of the step were cloned too; take them out again.
    SmallVector<MetricOp> metrics(entry.function.getOps<MetricOp>());
    SmallVector<MinimizeOp> minimizes(entry.function.getOps<MinimizeOp>());
    SmallVector<Value> losses;
    for (auto [index, minimize, added] : llvm::enumerate(minimizes, penalties)) {
      Value loss = minimize.getLoss();
      for (Value penalty : added)
        loss = arith::AddFOp::create(entry.b, minimize.getLoc(), loss, penalty);
      losses.push_back(loss);
      entry.addOutput(index == 0 ? "loss" : ("loss_" + Twine(index)).str(), "loss", loss);
    }
    // What the ops are the step's own body knows: in the entry they may have other forms.
    for (auto [metric, written] : llvm::zip_equal(metrics, step.getBody().getOps<MetricOp>()))
      entry.addOutput(metric.getMetricName(), getMetricRole(written), metric.getValue());
    for (MetricOp metric : metrics)
      metric.erase();
    for (MinimizeOp minimize : minimizes)
      minimize.erase();
    return losses;
  }

  /// Has the losses on classes take weights of these, which are an input of the entry.
  LogicalResult weighClasses(EntryBuilder &entry, StepOp step) {
    Value weights;
    SmallVector<ClassWeightedOpInterface> losses(entry.function.getOps<ClassWeightedOpInterface>());
    for (ClassWeightedOpInterface loss : losses) {
      RankedTensorType type = loss.getClassWeightsType();
      if (!weights)
        weights = entry.addInput("class_weights", "class_weights", type, step.getLoc());
      else if (weights.getType() != type)
        return loss->emitOpError() << "takes class weights of type " << type << ", another loss of @"
                                   << step.getSymName() << " takes " << weights.getType()
                                   << ": one set of weights cannot serve both";
      OpBuilder b(loss);
      loss->getResult(0).replaceAllUsesWith(loss.buildWeighted(b, weights));
      loss->erase();
    }
    if (!weights)
      return step.emitOpError() << "has no loss whose targets are class numbers, which class weights are for";
    return success();
  }

  /// Asks for the gradients of a loss with respect to values of the entry.
  ValueRange buildGradient(EntryBuilder &entry, Location loc, Value loss, ValueRange values) {
    return GradientOp::create(entry.b, loc, values.getTypes(), loss, values).getGradients();
  }

  /// Asks for what the updates of an objective's variables need: the gradient of a variable or, where lazy layers read
  /// it, those of the rows that they have looked up.
  FailureOr<SmallVector<Update>> askForGradients(EntryBuilder &entry, const Objective &objective, Value loss) {
    SmallVector<Update> updates;
    SmallVector<Value> values;
    for (VariableOp variable : objective.variables) {
      Value value = entry.getVariable(variable);
      FailureOr<SmallVector<RowLookupOpInterface>> lookups = findLazyLookups(variable, value);
      if (failed(lookups))
        return failure();
      for (RowLookupOpInterface lookup : *lookups)
        values.push_back(lookup.getRows());
      if (lookups->empty())
        values.push_back(value);
      updates.push_back({std::move(*lookups), {}});
    }
    ValueRange gradients = buildGradient(entry, objective.op->getLoc(), loss, values);
    for (Update &update : updates) {
      size_t count = std::max<size_t>(update.lookups.size(), 1);
      update.gradients = llvm::to_vector(gradients.take_front(count));
      gradients = gradients.drop_front(count);
    }
    return updates;
  }

  /// The update of those rows of a parameter that a batch has looked up.
  SmallVector<Value> updateRows(EntryBuilder &entry, Location loc, OptimizerAttrInterface optimizer, Value parameter,
                                const Update &update, ValueRange slots, Value learningRate, Value step) {
    SmallVector<Value> others = llvm::to_vector(slots);
    SmallVector<bool> batched;
    for (RowLookupOpInterface lookup : update.lookups) {
      others.push_back(lookup.getIndices());
      batched.push_back(entry.isBatched(others.back()));
    }
    llvm::append_range(others, update.gradients);
    auto updated = UpdateRowsOp::create(entry.b, loc, parameter, learningRate, step, entry.getContext("valid"), others,
                                        optimizer, batched);
    return llvm::to_vector_of<Value>(updated.getResults());
  }

  /// The rate of an objective's updates, an f64: what the runtime gives, by default the file's number, or what the
  /// schedule makes of the counter.
  Value buildLearningRate(EntryBuilder &entry, Objective objective, unsigned index, VariableOp counter) {
    ImplicitLocOpBuilder b(markStage(objective.op->getLoc(), updateStage), entry.b);
    Rate rate = objective.optimizer.getRate();
    if (rate.schedule) {
      Value step = tensor::ExtractOp::create(b, entry.getVariable(counter), ValueRange{});
      return buildRate(b, rate, arith::SIToFPOp::create(b, b.getF64Type(), step));
    }
    auto type = RankedTensorType::get({}, objective.variables.front().getTensorType().getElementType());
    Value input =
        entry.addInput(index == 0 ? "learning_rate" : ("learning_rate_" + Twine(index)).str(), "learning_rate", type,
                       objective.op->getLoc(), {b.getNamedAttr("nn.default", b.getF64FloatAttr(rate.number.value))});
    Value value = tensor::ExtractOp::create(b, input, ValueRange{});
    return type.getElementType() == b.getF64Type() ? value : arith::ExtFOp::create(b, b.getF64Type(), value);
  }

  LogicalResult buildTrain(StepOp step, ArrayRef<Objective> objectives) {
    EntryBuilder entry(getOperation(), step, (step.getSymName() + ".train").str(), "train", batch);
    OpBuilder &b = entry.b;
    auto counterType = RankedTensorType::get({}, b.getI64Type());
    VariableOp counter = addVariable(step, step.getLoc(), (step.getSymName() + ".iterations").str(), counterType,
                                     Attribute(), "counter");
    FailureOr<SmallVector<Value>> losses = inlineStep(entry, step, objectives, counter);
    if (failed(losses))
      return failure();
    // All gradients are asked for before any variable changes: a parameter may be read by several objectives.
    SmallVector<SmallVector<Update>> updates;
    for (auto [objective, loss] : llvm::zip(objectives, *losses)) {
      FailureOr<SmallVector<Update>> asked = askForGradients(entry, objective, loss);
      if (failed(asked))
        return failure();
      updates.push_back(std::move(*asked));
    }
    SmallVector<Value> rates;
    for (const auto &[index, objective] : llvm::enumerate(objectives))
      rates.push_back(buildLearningRate(entry, objective, index, counter));
    // So is the counter: gradients of random layers, and schedules, read it once more.
    Location counting = markStage(step.getLoc(), updateStage);
    Value one = arith::ConstantOp::create(b, counting, DenseElementsAttr::get(counterType, APInt(64, 1)));
    Value iteration = arith::AddIOp::create(b, counting, entry.getVariable(counter), one);
    for (const auto &[index, constObjective] : llvm::enumerate(objectives)) {
      Objective objective = constObjective;
      const Clipping &clipping = objective.optimizer.getClipping();
      SmallVector<Location> locs;
      SmallVector<Value> whole;
      SmallVector<Location> wholeLocs;
      for (auto [variable, update] : llvm::zip(objective.variables, updates[index])) {
        locs.push_back(markStage(variable.getLoc(), updateStage));
        if (update.lookups.empty()) {
          whole.push_back(update.gradients.front());
          wholeLocs.push_back(locs.back());
        } else if (clipping.norm || clipping.globalNorm) {
          return objective.op.emitOpError()
                 << "clips gradients by their norm, for which the whole gradient of @" << variable.getSymName()
                 << " is needed; its lazy look-ups make no more than the rows that they have read";
        }
      }
      SmallVector<Value> clipped = clipGradients(b, clipping, whole, wholeLocs);
      ArrayRef<Value> rest = clipped;
      for (auto [variable, slots, update, loc] :
           llvm::zip(objective.variables, objective.slots, updates[index], locs)) {
        SmallVector<Value> slotValues;
        for (VariableOp slot : slots)
          slotValues.push_back(entry.getVariable(slot));
        SmallVector<Value> updated;
        if (update.lookups.empty()) {
          updated = objective.optimizer.buildUpdate(b, loc, entry.getVariable(variable), rest.front(), slotValues,
                                                    rates[index], iteration);
          rest = rest.drop_front();
        } else {
          updated = updateRows(entry, loc, objective.optimizer, entry.getVariable(variable), update, slotValues,
                               rates[index], iteration);
        }
        entry.addUpdate(variable, updated.front());
        for (auto [slot, value] : llvm::zip(slots, ArrayRef(updated).drop_front()))
          entry.addUpdate(slot, value);
      }
    }
    entry.addUpdate(counter, iteration);
    entry.finish();
    return success();
  }

  /// Loss and metrics with the model in its inference form; with gradients, also those of the first objective's loss
  /// with respect to its parameters and to every float input.
  LogicalResult buildEvaluate(StepOp step, ArrayRef<Objective> objectives, bool gradients) {
    StringRef kind = gradients ? "gradient" : "evaluate";
    EntryBuilder entry(getOperation(), step, (step.getSymName() + "." + kind).str(), kind, batch);
    FailureOr<SmallVector<Value>> losses = inlineStep(entry, step, objectives, /*counter=*/nullptr);
    if (failed(losses))
      return failure();
    if (gradients) {
      SmallVector<Value> values;
      SmallVector<std::string> names;
      for (auto [index, name] : llvm::enumerate(step.getArgNames().getAsRange<StringAttr>())) {
        Value input = entry.function.getBody().getArgument(index);
        if (isa<FloatType>(getElementTypeOrSelf(input.getType()))) {
          values.push_back(input);
          names.push_back(name.str());
        }
      }
      for (VariableOp variable : objectives.front().variables) {
        values.push_back(entry.getVariable(variable));
        names.push_back(variable.getSymName().str());
      }
      ValueRange results = buildGradient(entry, step.getLoc(), losses->front(), values);
      for (auto [name, value] : llvm::zip(names, results))
        entry.addOutput(name, "gradient", value);
    }
    entry.finish();
    return success();
  }

  LogicalResult buildPredict(ModelOp model) {
    SymbolTable symbols(getOperation());
    EntryBuilder entry(getOperation(), model, (model.getSymName() + ".predict").str(), "predict", batch);
    SmallVector<Value> inputs = entry.addDataInputs(model.getFunctionType(), model.getArgNames(), model.getLoc());
    IRMapping mapping;
    auto variable = [&](StringRef name) { return entry.getVariable(symbols.lookup<VariableOp>(name)); };
    FailureOr<SmallVector<Value>> results =
        inlineBody(entry.b, model.getBody().front(), inputs, batch, symbols, variable, mapping);
    if (failed(results))
      return failure();
    // A temporary user, since completing may replace the ops that make the results.
    auto user = func::ReturnOp::create(entry.b, model.getLoc(), *results);
    if (failed(entry.completeOps(/*counter=*/nullptr)))
      return failure();
    SmallVector<Value> outputs(user.getOperands());
    user.erase();
    for (auto [index, value] : llvm::enumerate(outputs))
      entry.addOutput(index == 0 ? "prediction" : ("prediction_" + Twine(index)).str(), "prediction", value);
    entry.finish();
    return success();
  }

  LogicalResult buildInit() {
    ModuleOp module = getOperation();
    EntryBuilder entry(module, module, "init", "init", batch);
    Value seed = entry.getContext("seed");
    for (VariableOp variable : module.getOps<VariableOp>()) {
      RankedTensorType type = variable.getTensorType();
      Value value;
      if (auto initializer = dyn_cast_if_present<InitializerAttrInterface>(variable.getInitializerAttr())) {
        // A parameter's numbers depend on its own name only, so adding a layer leaves the others as they were.
        int64_t stream = static_cast<uint32_t>(llvm::xxh3_64bits(variable.getSymName()));
        value = initializer.build(entry.b, variable.getLoc(), type, seed, stream);
        if (!value)
          return failure();
      } else {
        value = arith::ConstantOp::create(entry.b, variable.getLoc(), cast<TypedAttr>(entry.b.getZeroAttr(type)));
      }
      entry.addUpdate(variable, value);
    }
    entry.finish();
    return success();
  }
};

} // namespace
