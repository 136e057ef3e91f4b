// --nn-test-mutate-adjoints: next to each function that holds adjoints, a copy in which each op of an adjoint can be
// broken when the program runs. A check of gradients is worth something only where it notices every one of them.
//
// A result of what `nn.adjoint` marks, or of an op in its regions, passes through a switch: a float becomes
// float * scale + shift, a condition (condition and scale != 0) xor shift != 0. So all mutants of a function are one
// program. Layers that an adjoint is made of are lowered first, their ops broken one by one. The copy is called
// NAME.mutants and takes scales and shifts as its input `switches`, one row a result; `nn.switches` says for each row
// what is to be done to it (see `Form`), of which op it is, and whether a NaN in its place may be absorbed by an op
// between it and the gradients. A last row, `probe`, makes selections hand on a NaN of the value that they do not take.
#include "MutateAdjoints.h"
#include "dialect/NN.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

static constexpr StringLiteral adjointAttrName = "nn.adjoint";

namespace {

/// How a result is broken: a float is negated and zeroed; one that nothing can tell from its negative is doubled and
/// zeroed; one that is zero by construction becomes one; a condition is inverted and false.
enum class Form { plain, even, zero, condition };

StringRef name(Form form) {
  static constexpr StringLiteral names[] = {"float", "even", "zero", "condition"};
  return names[static_cast<int>(form)];
}

} // namespace

static bool isUninitialized(Operation *op) {
  auto alloc = dyn_cast<bufferization::AllocTensorOp>(op);
  return isa<tensor::EmptyOp>(op) || (alloc && !alloc.getCopy());
}

/// The float and i1 results of adjoints, in order. Bodies of named linalg ops are not the adjoint's.
static SmallVector<OpResult> collectResults(func::FuncOp function) {
  SmallVector<OpResult> results;
  auto add = [&](Operation *op) {
    for (OpResult result : op->getResults()) {
      Type element = getElementTypeOrSelf(result.getType());
      if ((isa<FloatType>(element) || element.isInteger(1)) && !isUninitialized(op) && !result.use_empty())
        results.push_back(result);
    }
  };
  std::function<void(Operation *)> visit = [&](Operation *op) {
    bool isNamed = isa<linalg::LinalgOp>(op) && !isa<linalg::GenericOp, linalg::MapOp, linalg::ReduceOp>(op);
    if (!isNamed)
      for (Region &region : op->getRegions())
        for (Operation &inner : region.getOps())
          visit(&inner);
    add(op);
  };
  for (Operation &op : function.getBody().front())
    if (op.hasAttr(adjointAttrName))
      visit(&op);
  return results;
}

/// Replaces layers among the ops of adjoints by their lowerings.
static LogicalResult lowerLayers(func::FuncOp function) {
  SmallVector<nn::LayerOpInterface> layers;
  function.walk([&](nn::LayerOpInterface layer) {
    if (layer->hasAttr(adjointAttrName))
      layers.push_back(layer);
  });
  for (nn::LayerOpInterface layer : layers) {
    OpBuilder builder(layer);
    Operation *before = layer->getPrevNode();
    FailureOr<SmallVector<Value>> lowered = layer.lower(builder);
    if (failed(lowered))
      return layer->emitError("cannot be lowered");
    Operation *first = before ? before->getNextNode() : &layer->getBlock()->front();
    for (Operation *op = first; op != layer; op = op->getNextNode())
      op->setAttr(adjointAttrName, builder.getUnitAttr());
    layer->replaceAllUsesWith(*lowered);
    layer->erase();
  }
  return success();
}

static bool isZero(Value value) {
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    return matchPattern(fill.getInputs()[0], m_AnyZeroFloat());
  return matchPattern(value, m_AnyZeroFloat());
}

/// Whether nothing can tell the value from its negative: its square or size is read, or that of its multiples.
static bool isReadEvenly(Value value) {
  return !value.use_empty() && llvm::all_of(value.getUses(), [](OpOperand &use) {
    Operation *user = use.getOwner();
    if (isa<arith::MulFOp>(user) && user->getOperand(0) == user->getOperand(1))
      return true;
    if (isa<math::AbsFOp, math::CosOp>(user) || (isa<math::CopySignOp>(user) && use.getOperandNumber() == 0))
      return true;
    if (isa<arith::MulFOp, arith::DivFOp, arith::NegFOp, tensor::ExtractSliceOp>(user))
      return isReadEvenly(user->getResult(0));
    if (auto structured = dyn_cast<linalg::LinalgOp>(user))
      return structured.isDpsInput(&use) && isReadEvenly(structured.getMatchingBlockArgument(&use));
    return false;
  });
}

/// Values that change where the operand does, in the next op on its way.
static SmallVector<Value> getNext(OpOperand &use) {
  Operation *user = use.getOwner(), *parent = user->getParentOp();
  unsigned number = use.getOperandNumber();
  if (isa<scf::YieldOp>(user) && isa<scf::IfOp>(parent))
    return {parent->getResult(number)};
  if (auto loop = dyn_cast<scf::ForOp>(parent); loop && isa<scf::YieldOp>(user))
    return {loop.getResult(number), loop.getRegionIterArg(number)};
  // Nothing but what the loop carries: its induction variable, and what is read by it, does not change.
  if (auto loop = dyn_cast<LoopLikeOpInterface>(user))
    if (BlockArgument carried = loop.getTiedLoopRegionIterArg(&use))
      return {carried, loop.getTiedLoopResult(&use)};
  if (auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(user)) {
    auto loop = cast<scf::ForallOp>(parent->getParentOp());
    return {loop.getTiedOpResult(loop.getTiedOpOperand(cast<BlockArgument>(insert.getDest())))};
  }
  if (auto structured = dyn_cast<linalg::LinalgOp>(parent); structured && isa<linalg::YieldOp>(user))
    return {parent->getResult(number), structured.getRegionOutputArgs()[number]};
  if (auto structured = dyn_cast<linalg::LinalgOp>(user))
    if (number < structured.getBlock()->getNumArguments())
      return {structured.getMatchingBlockArgument(&use)};
  // Of other ops with regions, all that is in them.
  SmallVector<Value> next(user->getResults());
  for (Region &region : user->getRegions())
    for (Block &block : region)
      llvm::append_range(next, block.getArguments());
  return next;
}

/// A choice between two numbers.
static bool isFloatSelect(Operation *op) {
  return isa<arith::SelectOp>(op) && isa<FloatType>(op->getResult(0).getType());
}

/// Whether a value that is not a number may end on its way to the function's results, choices between numbers being
/// transparent (see makeTransparent).
static bool mayAbsorbNaN(Value start) {
  llvm::SetVector<Value> influenced;
  influenced.insert(start);
  for (size_t next = 0; next < influenced.size(); ++next)
    for (OpOperand &use : influenced[next].getUses()) {
      if (isFloatSelect(use.getOwner())) {
        influenced.insert(use.getOwner()->getResult(0));
        continue;
      }
      if (isa<arith::SelectOp, arith::CmpFOp, arith::MaxNumFOp, arith::MinNumFOp, arith::FPToSIOp, arith::FPToUIOp,
              math::CopySignOp, math::PowFOp>(use.getOwner()))
        return true;
      influenced.insert_range(getNext(use));
    }
  return false;
}

static Form getForm(OpResult result) {
  if (getElementTypeOrSelf(result.getType()).isInteger(1))
    return Form::condition;
  if (isZero(result))
    return Form::zero;
  return isReadEvenly(result) ? Form::even : Form::plain;
}

/// Whether the value is written over what a loop carries, so that its switch must write over it too.
static bool isWrittenOverCarried(Value value) {
  while (auto result = dyn_cast<OpResult>(value)) {
    Operation *op = result.getOwner();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      value = insert.getDest();
    else if (auto insert = dyn_cast<tensor::InsertOp>(op))
      value = insert.getDest();
    else if (auto written = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
      value = written.getDest();
    else if (auto loop = dyn_cast<scf::ForOp>(op))
      value = loop.getTiedLoopInit(result)->get();
    else if (auto loop = dyn_cast<scf::ForallOp>(op))
      value = loop.getTiedOpOperand(result)->get();
    else if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
      value = style.getTiedOpOperand(result)->get();
    else
      return false;
  }
  return isa<LoopLikeOpInterface>(value.getParentBlock()->getParentOp());
}

namespace {

/// One row of the input `switches`, read at the start of the function.
struct Switch {
  /// scale, and whether it is not zero; shift, and whether it is not zero.
  Value scale, scales, shift, shifts;

  Value apply(ImplicitLocOpBuilder &b, Value value) const {
    if (value.getType().isInteger(1))
      return arith::XOrIOp::create(b, arith::AndIOp::create(b, value, scales), shifts);
    // What is zeroed becomes zero even where it is not finite.
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
    Value scaled = arith::MulFOp::create(b, value, convert(b, scale, value.getType()));
    scaled = arith::SelectOp::create(b, scales, scaled, zero);
    return arith::AddFOp::create(b, scaled, convert(b, shift, value.getType()));
  }

private:
  static Value convert(ImplicitLocOpBuilder &b, Value value, Type type) {
    return value.getType() == type ? value : arith::ExtFOp::create(b, type, value).getResult();
  }
};

} // namespace

static Switch readSwitch(ImplicitLocOpBuilder &b, Value switches, int64_t row) {
  auto read = [&](int64_t column) -> Value {
    Value position[] = {arith::ConstantIndexOp::create(b, row), arith::ConstantIndexOp::create(b, column)};
    return tensor::ExtractOp::create(b, switches, position);
  };
  auto isNotZero = [&](Value value) -> Value {
    Value zero = arith::ConstantOp::create(b, b.getZeroAttr(value.getType()));
    return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, zero);
  };
  Value scale = read(0), shift = read(1);
  return {scale, isNotZero(scale), shift, isNotZero(shift)};
}

static void addSwitch(OpResult result, const Switch &change) {
  Operation *op = result.getOwner();
  ImplicitLocOpBuilder b(op->getLoc(), op->getContext());
  b.setInsertionPointAfter(op);
  auto type = dyn_cast<RankedTensorType>(result.getType());
  if (!type) {
    // The ops of the switch read the value too, but none of them hands it on.
    llvm::SmallPtrSet<Operation *, 4> ours;
    Operation *last = op;
    Value changed = change.apply(b, result);
    while (last != changed.getDefiningOp())
      ours.insert(last = last->getNextNode());
    return result.replaceAllUsesExcept(changed, ours);
  }
  bool inPlace = isWrittenOverCarried(result);
  Value destination =
      inPlace ? Value(result) : tensor::EmptyOp::create(b, type.getShape(), type.getElementType()).getResult();
  SmallVector<AffineMap> maps(inPlace ? 1 : 2, b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<utils::IteratorType> iterators(type.getRank(), utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(b, TypeRange{type}, inPlace ? ValueRange() : ValueRange{result},
                                           ValueRange{destination}, maps, iterators,
                                           [&](OpBuilder &nested, Location loc, ValueRange args) {
                                             ImplicitLocOpBuilder body(loc, nested);
                                             linalg::YieldOp::create(body, change.apply(body, args[0]));
                                           });
  result.replaceAllUsesExcept(generic.getResult(0), generic);
}

/// Makes the result of choosing between two numbers not a number, while the switch is set, where one of them is not
/// finite.
static void makeTransparent(arith::SelectOp select, const Switch &probe) {
  ImplicitLocOpBuilder b(select.getLoc(), select.getContext());
  b.setInsertionPointAfter(select);
  Value value = select.getResult();
  auto nothing = [&](Value value) -> Value { return arith::SubFOp::create(b, value, value); };
  Value both = arith::AddFOp::create(b, nothing(select.getTrueValue()), nothing(select.getFalseValue()));
  Value sum = arith::AddFOp::create(b, value, both);
  Value seen = arith::SelectOp::create(b, probe.shifts, sum, value);
  llvm::SmallPtrSet<Operation *, 2> ours = {sum.getDefiningOp(), seen.getDefiningOp()};
  value.replaceAllUsesExcept(seen, ours);
}

static void addSwitches(func::FuncOp function) {
  SmallVector<OpResult> results = collectResults(function);
  SmallVector<arith::SelectOp> selects;
  function.walk([&](arith::SelectOp select) {
    if (isFloatSelect(select))
      selects.push_back(select);
  });
  OpBuilder builder(function.getContext());
  auto type = RankedTensorType::get({static_cast<int64_t>(results.size()) + 1, 2}, builder.getF32Type());
  auto attributes = builder.getDictionaryAttr({builder.getNamedAttr("nn.input", builder.getStringAttr("switches")),
                                               builder.getNamedAttr("nn.input_role", builder.getStringAttr("data"))});
  (void)function.insertArgument(function.getNumArguments(), type, attributes, function.getLoc());
  Value switches = function.getArguments().back();

  // All questions first: switches hide how a value is read.
  SmallVector<Form> forms = llvm::map_to_vector(results, getForm);
  SmallVector<Attribute> texts;
  ImplicitLocOpBuilder b(function.getLoc(), builder);
  Operation *start = &function.getBody().front().front();
  SmallVector<bool> absorb = llvm::map_to_vector(results, [](OpResult result) { return mayAbsorbNaN(result); });
  for (auto [row, result, form] : llvm::enumerate(results, forms)) {
    StringRef absorbed = form == Form::condition || absorb[row] ? " absorbed" : "";
    texts.push_back(builder.getStringAttr(name(form) + " " + result.getOwner()->getName().getStringRef() + absorbed));
    b.setInsertionPoint(start);
    addSwitch(result, readSwitch(b, switches, row));
  }
  texts.push_back(builder.getStringAttr("probe"));
  b.setInsertionPoint(start);
  Switch probe = readSwitch(b, switches, results.size());
  for (arith::SelectOp select : selects)
    makeTransparent(select, probe);
  function->setAttr("nn.switches", builder.getArrayAttr(texts));
}

namespace {

struct MutateAdjoints : PassWrapper<MutateAdjoints, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(MutateAdjoints)
  StringRef getArgument() const override { return "nn-test-mutate-adjoints"; }
  StringRef getDescription() const override {
    return "Copy each function with a switch behind each op of its adjoints";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, bufferization::BufferizationDialect, linalg::LinalgDialect, math::MathDialect,
                    scf::SCFDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      func::FuncOp copy = function.clone();
      getOperation().push_back(copy);
      copy.setName((function.getName() + ".mutants").str());
      if (failed(lowerLayers(copy)))
        return signalPassFailure();
      addSwitches(copy);
    }
  }
};

} // namespace

void nn::test::registerMutateAdjoints() { PassRegistration<MutateAdjoints>(); }
