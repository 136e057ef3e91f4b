// Loops as functions of their own, and back; see DetachedLoops.h.
#include "codegen/DetachedLoops.h"
#include "codegen/EqualCode.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;
using namespace mlir::nn;

/// On the op that stands for a loop: the loop's number.
static constexpr StringLiteral numberName = "nn.detached_loop";

static bool isStaticTensor(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape();
}

namespace {
/// What a loop takes from outside besides the tensors that it starts with.
struct Outside {
  SmallVector<Operation *> constants; // of scalars
  SmallVector<Value> others;          // tensors and scalars
};
} // namespace

/// Fails where a function could not take it.
static FailureOr<Outside> findOutside(LoopLikeOpInterface loop) {
  llvm::SetVector<Value> used;
  OperandRange inits = loop.getInits();
  for (Value operand : loop->getOperands())
    if (!llvm::is_contained(inits, operand))
      used.insert(operand);
  getUsedValuesDefinedAbove(loop->getRegions(), used);
  Outside outside;
  for (Value value : used) {
    Operation *op = value.getDefiningOp();
    bool isScalar = value.getType().isIntOrIndexOrFloat();
    if (isScalar && op && op->hasTrait<OpTrait::ConstantLike>())
      outside.constants.push_back(op);
    else if (isScalar || (isStaticTensor(value.getType()) && !llvm::is_contained(inits, value)))
      outside.others.push_back(value);
    else // Among others what it reads while it writes it: that is for an analysis that sees both.
      return failure();
  }
  return outside;
}

bool nn::makesGlobals(Operation *op) {
  return op
      ->walk([](arith::ConstantOp constant) {
        return isa<TensorType>(constant.getType()) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether `loop` carries tensors alone, and bufferizing it adds nothing to the module.
static bool isDetachable(LoopLikeOpInterface loop) {
  return loop->getNumResults() > 0 && loop->getNumResults() == loop.getInits().size() &&
         llvm::all_of(loop->getResultTypes(), isStaticTensor) && !makesGlobals(loop);
}

/// An op that reads all of `inputs` and `inits` and gives new values for `inits`: a structured op without a loop, which
/// names one element of each.
static linalg::GenericOp makePlace(OpBuilder &builder, Location loc, ValueRange inputs, ValueRange inits) {
  SmallVector<AffineMap> maps;
  for (ValueRange values : {inputs, inits})
    for (Value value : values) {
      auto tensor = dyn_cast<RankedTensorType>(value.getType());
      SmallVector<AffineExpr> first(tensor ? tensor.getRank() : 0, builder.getAffineConstantExpr(0));
      maps.push_back(AffineMap::get(0, 0, first, builder.getContext()));
    }
  return linalg::GenericOp::create(builder, loc, inits.getTypes(), inputs, inits, maps, {},
                                   [&](OpBuilder &nested, Location at, ValueRange elements) {
                                     linalg::YieldOp::create(nested, at, elements.take_back(inits.size()));
                                   });
}

void DetachedLoops::detachFrom(func::FuncOp host) {
  if (!host.getBody().hasOneBlock())
    return;
  hosts.push_back(host);
  for (Operation &op : llvm::make_early_inc_range(host.getBody().front()))
    if (isa<scf::ForallOp, scf::ForOp>(op))
      detach(cast<LoopLikeOpInterface>(op));
}

void DetachedLoops::detach(LoopLikeOpInterface loop) {
  FailureOr<Outside> outside = isDetachable(loop) ? findOutside(loop) : FailureOr<Outside>();
  if (failed(outside))
    return;
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  linalg::GenericOp place = makePlace(builder, loc, outside->others, SmallVector<Value>(loop.getInits()));
  place->setAttr(numberName, builder.getI64IntegerAttr(loops.size()));
  loop->replaceAllUsesWith(place);

  builder.setInsertionPointToEnd(holder->getBody());
  auto function = func::FuncOp::create(builder, loc, "loop", builder.getFunctionType(place->getOperandTypes(), {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToStart(body);
  auto replaceInLoop = [&](Value value, Value inner) {
    value.replaceUsesWithIf(inner, [&](OpOperand &use) { return loop->isAncestor(use.getOwner()); });
  };
  for (Operation *constant : outside->constants)
    replaceInLoop(constant->getResult(0), builder.clone(*constant)->getResult(0));
  auto end = func::ReturnOp::create(builder, loc);
  loop->moveBefore(end);
  for (auto [value, argument] : llvm::zip_equal(place->getOperands(), function.getArguments()))
    replaceInLoop(value, argument);
  loops.push_back({function, place});
}

/// Whether two functions are the same but for where their ops are from; then `locations` says that of the second's, by
/// that of the first's.
static bool areEqual(func::FuncOp a, func::FuncOp b, DenseMap<Attribute, Attribute> &locations) {
  if (!OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations))
    return false;
  SmallVector<Location> ofA, ofB;
  a->walk([&](Operation *op) { ofA.push_back(op->getLoc()); });
  b->walk([&](Operation *op) { ofB.push_back(op->getLoc()); });
  return llvm::all_of(llvm::zip_equal(ofA, ofB), [&](auto both) {
    auto [first, second] = both;
    return locations.try_emplace(first, second).first->second == second;
  });
}

SmallVector<func::FuncOp> DetachedLoops::bindBuffers() {
  // Bufferization has made other ops of those that stand for loops, but of dead ones.
  for (DetachedLoop &loop : loops)
    loop.place = {};
  for (func::FuncOp host : hosts)
    for (auto op : host.getOps<linalg::GenericOp>())
      if (auto number = op->getAttrOfType<IntegerAttr>(numberName))
        loops[number.getInt()].place = op;

  SmallVector<func::FuncOp> functions;
  llvm::DenseMap<size_t, SmallVector<func::FuncOp>> byCode;
  for (DetachedLoop &loop : loops) {
    if (!loop.place)
      continue;
    bindBuffers(loop);
    SmallVector<func::FuncOp> &candidates = byCode[hashCode(loop.function)];
    auto isEqual = [&](func::FuncOp other) {
      loop.locations.clear();
      return areEqual(other, loop.function, loop.locations);
    };
    func::FuncOp *equal = llvm::find_if(candidates, isEqual);
    if (equal != candidates.end()) {
      loop.function.erase();
      loop.function = *equal;
      continue;
    }
    loop.locations.clear();
    candidates.push_back(loop.function);
    functions.push_back(loop.function);
  }
  return functions;
}

/// Turns the function's tensors into buffers of the types that those of its place have.
void DetachedLoops::bindBuffers(DetachedLoop &loop) {
  func::FuncOp function = loop.function;
  Block &body = function.getBody().front();
  auto inner = *body.getOps<LoopLikeOpInterface>().begin();
  OpBuilder builder(function.getContext());
  for (OpOperand &operand : loop.place->getOpOperands()) {
    BlockArgument argument = function.getArgument(operand.getOperandNumber());
    auto tensor = dyn_cast<RankedTensorType>(argument.getType());
    if (!tensor)
      continue;
    argument.setType(operand.get().getType());
    builder.setInsertionPointToStart(&body);
    auto value = bufferization::ToTensorOp::create(builder, function.getLoc(), tensor, argument, /*restrict=*/true,
                                                   loop.place.isDpsInit(&operand));
    argument.replaceAllUsesExcept(value, value);
  }
  builder.setInsertionPoint(body.getTerminator());
  ArrayRef<BlockArgument> written =
      function.getArguments().slice(loop.place.getNumDpsInputs(), loop.place.getNumDpsInits());
  for (auto [result, buffer] : llvm::zip_equal(inner->getResults(), written))
    bufferization::MaterializeInDestinationOp::create(builder, function.getLoc(), Type(), result, buffer,
                                                      /*restrict=*/true, /*writable=*/true);
  function.setFunctionType(builder.getFunctionType(body.getArgumentTypes(), {}));
}

void DetachedLoops::putBack() {
  for (DetachedLoop &loop : loops)
    if (loop.place)
      putBack(loop);
  loops.clear();
}

void DetachedLoops::putBack(DetachedLoop &loop) {
  IRMapping mapping;
  mapping.map(loop.function.getArguments(), loop.place->getOperands());
  OpBuilder builder(loop.place);
  for (Operation &op : loop.function.getBody().front().without_terminator())
    builder.clone(op, mapping)->walk([&](Operation *copy) {
      if (Attribute location = loop.locations.lookup(copy->getLoc()))
        copy->setLoc(cast<LocationAttr>(location));
    });
  loop.place.erase();
}
