// The gradient of scf.for. The loop keeps what its carried values were at the start of each iteration, in one tensor a
// carried value; the adjoint is a loop that runs backward, computes again what it needs of an iteration's body from
// there, and carries the gradients of the carried values and of what the body reads from outside, each in one buffer.
#include "dialect/DetachedBlock.h"
#include "dialect/ReverseMode.h"
#include "dialect/UpstreamGradients.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using namespace mlir::nn;

/// On a loop in its saving form: the numbers of the carried values that its last results keep.
static constexpr StringLiteral savedAttrName = "nn.saved_carries";
/// lower bound, upper bound and step come before the initial values.
static constexpr unsigned firstInit = 3;

static ArrayRef<int64_t> getSavedCarries(scf::ForOp loop) {
  auto attr = loop->getAttrOfType<DenseI64ArrayAttr>(savedAttrName);
  return attr ? attr.asArrayRef() : ArrayRef<int64_t>();
}

/// Carried values of the loop as it was written.
static unsigned getNumCarries(scf::ForOp loop) { return loop.getNumRegionIterArgs() - getSavedCarries(loop).size(); }

static bool isFloatLike(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

namespace {

/// A copy of the loop's body with its adjoint behind it.
class LoopAdjoint {
public:
  /// `resultGrads`: which carried values get a gradient from after the loop; `wanted`: one flag per gradient input.
  LoopAdjoint(scf::ForOp loop, ArrayRef<bool> resultGrads, ArrayRef<bool> wanted);

  /// Everything may have a gradient, everything is wanted.
  explicit LoopAdjoint(scf::ForOp loop)
      : LoopAdjoint(
            loop, SmallVector<bool>(getNumCarries(loop), true),
            SmallVector<bool>(loop->getNumOperands() + DetachedBlock::getCaptures(*loop.getBody()).size(), true)) {}

  LogicalResult emit();
  /// What the adjoint of one iteration is made of, after `emit`.
  DetachedBlock::Slice slice();

  BlockArgument induction() { return block->getArgument(0); }
  BlockArgument carry(unsigned index) { return block->getArgument(1 + index); }
  BlockArgument carryGrad(unsigned index) { return block->getArgument(1 + loop.getNumRegionIterArgs() + index); }
  BlockArgument capture(unsigned index) {
    return block->getArgument(1 + loop.getNumRegionIterArgs() + getNumCarries(loop) + index);
  }

  scf::ForOp loop;
  SmallVector<Value> captures;
  /// Which carried values have a gradient.
  SmallVector<bool> flows;
  /// Why an op of the body has no gradient.
  SmallVector<std::pair<Operation *, std::string>> obstacles;
  /// After `emit`: the gradients of one iteration's start, in terms of those of its end; null where zero.
  SmallVector<Value> carryGrads, captureGrads;

private:
  Value yielded(unsigned index) { return yield->getOperand(index); }
  ReverseMode reverse();
  void findVarying(ArrayRef<bool> wanted);
  void findFlowing(ArrayRef<bool> resultGrads);

  DetachedBlock block;
  Operation *yield;
  SmallVector<bool> varies, wantedCaptures;
};

} // namespace

LoopAdjoint::LoopAdjoint(scf::ForOp loop, ArrayRef<bool> resultGrads, ArrayRef<bool> wanted)
    : loop(loop), captures(DetachedBlock::getCaptures(*loop.getBody())), block(loop.getContext()) {
  IRMapping mapping;
  for (BlockArgument argument : loop.getBody()->getArguments())
    mapping.map(argument, block->addArgument(argument.getType(), loop.getLoc()));
  for (unsigned index = 0; index < getNumCarries(loop); ++index)
    block->addArgument(carry(index).getType(), loop.getLoc());
  block.copyBody(*loop.getBody(), mapping, loop.getLoc());
  yield = &block->back();
  // Where a value is to be written is no matter of the copy, which writes nothing the loop carries.
  for (auto op : llvm::make_early_inc_range(block->getOps<bufferization::MaterializeInDestinationOp>()))
    if (op->getNumResults() == 1) {
      op->getResult(0).replaceAllUsesWith(op.getSource());
      op.erase();
    }
  for (auto [index, value] : llvm::enumerate(captures))
    wantedCaptures.push_back(wanted[loop->getNumOperands() + index] && isFloatLike(value));
  findVarying(wanted);
  findFlowing(resultGrads);
  reverse().collectObstacles(obstacles);
}

/// Differentiates the yields that have gradients with respect to what is wanted.
ReverseMode LoopAdjoint::reverse() {
  SmallVector<Value> inputs, outputs;
  for (unsigned index = 0; index < getNumCarries(loop); ++index) {
    if (varies[index] && (flows.empty() || flows[index]))
      inputs.push_back(carry(index));
    if (!flows.empty() && flows[index])
      outputs.push_back(yielded(index));
  }
  for (unsigned index = 0; index < captures.size(); ++index)
    if (wantedCaptures[index])
      inputs.push_back(capture(index));
  return ReverseMode(*block, yield, inputs, outputs);
}

/// A carried value depends on what is wanted if its initial value does, or what it becomes in an iteration.
void LoopAdjoint::findVarying(ArrayRef<bool> wanted) {
  unsigned carries = getNumCarries(loop);
  for (unsigned index = 0; index < carries; ++index)
    varies.push_back(wanted[firstInit + index] && isFloatLike(carry(index)));
  for (bool changed = true; changed;) {
    changed = false;
    ReverseMode analysis = reverse();
    analysis.analyse();
    for (unsigned index = 0; index < carries; ++index)
      if (!varies[index] && isFloatLike(carry(index)) && analysis.varies(yielded(index)))
        changed = varies[index] = true;
  }
}

/// A carried value has a gradient if it is read after the loop, or influences one that has in a later iteration.
void LoopAdjoint::findFlowing(ArrayRef<bool> resultGrads) {
  unsigned carries = getNumCarries(loop);
  SmallVector<bool> influential;
  for (unsigned index = 0; index < carries; ++index)
    influential.push_back(resultGrads[index] && varies[index]);
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<Value> inputs, outputs;
    for (unsigned index = 0; index < carries; ++index) {
      if (varies[index])
        inputs.push_back(carry(index));
      if (influential[index])
        outputs.push_back(yielded(index));
    }
    ReverseMode analysis(*block, yield, inputs, outputs);
    analysis.analyse();
    for (unsigned index = 0; index < carries; ++index)
      if (!influential[index] && varies[index] && analysis.influences(carry(index)))
        changed = influential[index] = true;
  }
  flows = influential;
}

LogicalResult LoopAdjoint::emit() {
  ReverseMode mode = reverse();
  if (failed(mode.makeSavingForms()))
    return failure();
  SmallVector<Value> outputGrads;
  for (unsigned index = 0; index < getNumCarries(loop); ++index)
    if (flows[index])
      outputGrads.push_back(carryGrad(index));
  OpBuilder builder = OpBuilder::atBlockEnd(&*block);
  FailureOr<SmallVector<Value>> grads = mode.emit(builder, outputGrads);
  if (failed(grads))
    return failure();
  auto next = grads->begin();
  for (unsigned index = 0; index < getNumCarries(loop); ++index)
    carryGrads.push_back(flows[index] ? *next++ : Value());
  for (unsigned index = 0; index < captures.size(); ++index)
    captureGrads.push_back(wantedCaptures[index] ? *next++ : Value());
  return success();
}

DetachedBlock::Slice LoopAdjoint::slice() {
  SmallVector<Value> values;
  for (Value grad : llvm::concat<Value>(carryGrads, captureGrads))
    if (grad)
      values.push_back(grad);
  return block.slice(values);
}

//===----------------------------------------------------------------------===//
// Keeping values of each iteration
//===----------------------------------------------------------------------===//

static int64_t getTripCount(scf::ForOp loop) { return loop.getStaticTripCount()->getSExtValue(); }
static int64_t getLowerBound(scf::ForOp loop) { return *getConstantIntValue(loop.getLowerBound()); }
static int64_t getStep(scf::ForOp loop) { return *getConstantIntValue(loop.getStep()); }

static RankedTensorType getStackType(scf::ForOp loop, Type type) {
  SmallVector<int64_t> shape = {getTripCount(loop)};
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    llvm::append_range(shape, tensor.getShape());
  return RankedTensorType::get(shape, getElementTypeOrSelf(type));
}

/// Where in a stack the values of iteration `iteration` lie.
static void getStackSlice(OpBuilder &b, RankedTensorType stack, Value iteration, SmallVector<OpFoldResult> &offsets,
                          SmallVector<OpFoldResult> &sizes, SmallVector<OpFoldResult> &strides) {
  offsets.assign(stack.getRank(), b.getIndexAttr(0));
  offsets[0] = iteration;
  strides.assign(stack.getRank(), b.getIndexAttr(1));
  for (int64_t size : stack.getShape())
    sizes.push_back(b.getIndexAttr(size));
  sizes[0] = b.getIndexAttr(1);
}

static Value writeToStack(ImplicitLocOpBuilder &b, Value value, Value stack, Value iteration) {
  if (!isa<RankedTensorType>(value.getType()))
    return tensor::InsertOp::create(b, value, stack, iteration);
  SmallVector<OpFoldResult> offsets, sizes, strides;
  getStackSlice(b, cast<RankedTensorType>(stack.getType()), iteration, offsets, sizes, strides);
  return tensor::InsertSliceOp::create(b, value, stack, offsets, sizes, strides);
}

static Value readFromStack(ImplicitLocOpBuilder &b, Type type, Value stack, Value iteration) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return tensor::ExtractOp::create(b, stack, iteration);
  SmallVector<OpFoldResult> offsets, sizes, strides;
  getStackSlice(b, cast<RankedTensorType>(stack.getType()), iteration, offsets, sizes, strides);
  return tensor::ExtractSliceOp::create(b, tensor, stack, offsets, sizes, strides);
}

/// Which iteration, from 0, a value of the induction variable belongs to.
static Value getIteration(ImplicitLocOpBuilder &b, scf::ForOp loop) {
  Value iteration = loop.getInductionVar();
  if (!iteration.getType().isIndex())
    iteration = arith::IndexCastOp::create(b, b.getIndexType(), iteration);
  if (int64_t lower = getLowerBound(loop))
    iteration = arith::SubIOp::create(b, iteration, arith::ConstantIndexOp::create(b, lower));
  if (int64_t step = getStep(loop); step != 1)
    iteration = arith::DivUIOp::create(b, iteration, arith::ConstantIndexOp::create(b, step));
  return iteration;
}

static Value getInduction(ImplicitLocOpBuilder &b, scf::ForOp loop, Value iteration) {
  if (int64_t step = getStep(loop); step != 1)
    iteration = arith::MulIOp::create(b, iteration, arith::ConstantIndexOp::create(b, step));
  if (int64_t lower = getLowerBound(loop))
    iteration = arith::AddIOp::create(b, iteration, arith::ConstantIndexOp::create(b, lower));
  Type type = loop.getInductionVar().getType();
  return type.isIndex() ? iteration : arith::IndexCastOp::create(b, type, iteration).getResult();
}

//===----------------------------------------------------------------------===//
// The backward loop
//===----------------------------------------------------------------------===//

/// Whether `value` is `destination` with parts written over, so that both can be one buffer.
static bool isWrittenOver(Value value, Value destination) {
  while (value != destination) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    Operation *op = result.getOwner();
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      value = insert.getDest();
    else if (auto insert = dyn_cast<tensor::InsertOp>(op))
      value = insert.getDest();
    else if (auto loop = dyn_cast<scf::ForOp>(op)) // an adjoint, which writes over what it carries
      value = loop.getTiedLoopInit(result)->get();
    else if (auto style = dyn_cast<DestinationStyleOpInterface>(op))
      value = style.getTiedOpOperand(result)->get();
    else
      return false;
  }
  return true;
}

/// What an iteration yields for a carried gradient: the new one, in the old one's place.
static Value yieldInPlace(ImplicitLocOpBuilder &b, Value grad, Value destination) {
  auto type = dyn_cast<RankedTensorType>(destination.getType());
  if (!type)
    return grad ? grad : zeroOf(b, b.getLoc(), destination.getType());
  if (!grad) {
    Value zero = zeroOf(b, b.getLoc(), type.getElementType());
    return linalg::FillOp::create(b, ValueRange{zero}, ValueRange{destination}).getResult(0);
  }
  if (isWrittenOver(grad, destination))
    return grad;
  return bufferization::MaterializeInDestinationOp::create(b, type, grad, destination)->getResult(0);
}

/// Where the copied body writes over a carried value, it gets room of its own: the kept value must stay.
static void detachDestinations(Block &body, ArrayRef<Value> kept) {
  for (auto op : body.getOps<linalg::LinalgOp>())
    for (OpOperand &init : op.getDpsInitsMutable())
      if (llvm::is_contained(kept, init.get()) && !op.payloadUsesValueFromOperand(&init)) {
        OpBuilder b(op);
        auto type = cast<RankedTensorType>(init.get().getType());
        init.set(tensor::EmptyOp::create(b, op.getLoc(), type.getShape(), type.getElementType()));
      }
}

/// Erases what is not needed, and moves each write over a part of a carried gradient behind the reads of the old part.
static void tidy(Block &body) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(body)))
    if (isOpTriviallyDead(&op))
      op.erase();
  SmallVector<Operation *> writes;
  for (Operation &op : body)
    if (isa<tensor::InsertSliceOp, tensor::InsertOp>(op))
      writes.push_back(&op);
  for (Operation *op : llvm::reverse(writes)) {
    Operation *first = body.getTerminator();
    for (Operation *user : op->getUsers())
      if (Operation *ancestor = body.findAncestorOpInBlock(*user); ancestor->isBeforeInBlock(first))
        first = ancestor;
    op->moveBefore(first);
  }
}

namespace {

struct ForGradient : DifferentiableOpInterface::ExternalModel<ForGradient, scf::ForOp> {
  SmallVector<Value> getGradientInputs(Operation *op) const {
    SmallVector<Value> values(op->getOperands());
    llvm::append_range(values, DetachedBlock::getCaptures(*cast<scf::ForOp>(op).getBody()));
    return values;
  }

  std::string getObstacle(Operation *op, ArrayRef<bool> wanted) const {
    auto loop = cast<scf::ForOp>(op);
    if (!loop.getStaticTripCount() || !getConstantIntValue(loop.getLowerBound()) ||
        !getConstantIntValue(loop.getStep()))
      return "runs a number of times that is not known at compile time";
    for (Type type : loop.getResultTypes())
      if (auto shaped = dyn_cast<ShapedType>(type); shaped && !shaped.hasStaticShape())
        return "carries a value of dynamic shape";
    LoopAdjoint adjoint(loop, SmallVector<bool>(getNumCarries(loop), true), wanted);
    if (adjoint.obstacles.empty())
      return {};
    auto &[inner, reason] = adjoint.obstacles.front();
    return ("holds '" + inner->getName().getStringRef() + "', which " + reason).str();
  }

  FailureOr<Operation *> makeSavingForm(Operation *op, OpBuilder &builder) const {
    auto loop = cast<scf::ForOp>(op);
    if (loop->hasAttr(savedAttrName))
      return op;
    LoopAdjoint adjoint(loop);
    if (failed(adjoint.emit()))
      return failure();
    DetachedBlock::Slice slice = adjoint.slice();
    SmallVector<int64_t> saved;
    SmallVector<Value> stacks;
    for (unsigned index = 0; index < getNumCarries(loop); ++index)
      if (slice.arguments.contains(adjoint.carry(index))) {
        RankedTensorType type = getStackType(loop, adjoint.carry(index).getType());
        saved.push_back(index);
        stacks.push_back(tensor::EmptyOp::create(builder, loop.getLoc(), type.getShape(), type.getElementType()));
      }
    IRRewriter rewriter(builder);
    auto keep = [&](OpBuilder &nested, Location loc, ArrayRef<BlockArgument> stackArgs) {
      nested.setInsertionPointToStart(loop.getBody());
      ImplicitLocOpBuilder b(loc, nested);
      Value iteration = saved.empty() ? Value() : getIteration(b, loop);
      SmallVector<Value> written;
      for (auto [index, stack] : llvm::zip(saved, stackArgs))
        written.push_back(writeToStack(b, loop.getRegionIterArg(index), stack, iteration));
      return written;
    };
    FailureOr<LoopLikeOpInterface> form =
        cast<LoopLikeOpInterface>(op).replaceWithAdditionalYields(rewriter, stacks, false, keep);
    if (failed(form))
      return failure();
    (*form)->setAttr(savedAttrName, builder.getDenseI64ArrayAttr(saved));
    return form->getOperation();
  }

  SmallVector<Value> getSavedValues(Operation *op) const {
    auto loop = cast<scf::ForOp>(op);
    LoopAdjoint adjoint(loop);
    if (failed(adjoint.emit()))
      return {};
    DetachedBlock::Slice slice = adjoint.slice();
    SmallVector<Value> saved(loop.getResults().drop_front(getNumCarries(loop)));
    for (auto [index, value] : llvm::enumerate(adjoint.captures))
      if (slice.arguments.contains(adjoint.capture(index)))
        saved.push_back(value);
    return saved;
  }

  FailureOr<SmallVector<Value>> buildAdjoint(Operation *op, OpBuilder &builder, ValueRange saved,
                                             ArrayRef<Value> resultGrads, ArrayRef<bool> wanted) const {
    auto loop = cast<scf::ForOp>(op);
    unsigned carries = getNumCarries(loop);
    SmallVector<bool> hasGrad = llvm::map_to_vector(resultGrads.take_front(carries), [](Value v) { return bool(v); });
    LoopAdjoint adjoint(loop, hasGrad, wanted);
    if (failed(adjoint.emit()))
      return failure();
    DenseMap<Value, Value> savedFor;
    for (auto [value, copy] : llvm::zip(getSavedValues(op), saved))
      savedFor[value] = copy;

    ImplicitLocOpBuilder b(loop.getLoc(), builder);
    SmallVector<Value> inits;
    for (unsigned index = 0; index < carries; ++index)
      if (adjoint.flows[index])
        inits.push_back(resultGrads[index] ? resultGrads[index]
                                           : zeroOf(b, b.getLoc(), loop.getResult(index).getType()));
    for (auto [value, grad] : llvm::zip(adjoint.captures, adjoint.captureGrads))
      if (grad)
        inits.push_back(zeroOf(b, b.getLoc(), value.getType()));
    SmallVector<Value> results;
    auto index = [&](int64_t number) { return arith::ConstantIndexOp::create(b, number); };
    if (getTripCount(loop) == 1) {
      // Not a loop: a destination that is not carried might be anyone's.
      results = buildBody(b, adjoint, savedFor, index(0), inits, /*inPlace=*/false);
    } else {
      auto backward = scf::ForOp::create(b, index(0), index(getTripCount(loop)), index(1), inits,
                                         [&](OpBuilder &nested, Location loc, Value turn, ValueRange args) {
                                           ImplicitLocOpBuilder body(loc, nested);
                                           scf::YieldOp::create(
                                               body, buildBody(body, adjoint, savedFor, turn, args, /*inPlace=*/true));
                                         });
      tidy(*backward.getBody());
      results.assign(backward->result_begin(), backward->result_end());
    }

    SmallVector<Value> grads(wanted.size());
    auto next = results.begin();
    for (unsigned index = 0; index < carries; ++index)
      if (adjoint.flows[index]) {
        Value grad = *next++;
        if (wanted[firstInit + index])
          grads[firstInit + index] = grad;
      }
    for (auto [index, grad] : llvm::enumerate(adjoint.captureGrads))
      if (grad)
        grads[loop->getNumOperands() + index] = *next++;
    return grads;
  }

  /// One iteration of the backward loop: what it carries on, from what it carried (`args`).
  static SmallVector<Value> buildBody(ImplicitLocOpBuilder &b, LoopAdjoint &adjoint,
                                      const DenseMap<Value, Value> &savedFor, Value turn, ValueRange args,
                                      bool inPlace) {
    scf::ForOp loop = adjoint.loop;
    unsigned carries = getNumCarries(loop);
    DetachedBlock::Slice slice = adjoint.slice();
    IRMapping mapping;
    Value last = arith::ConstantIndexOp::create(b, getTripCount(loop) - 1);
    Value iteration = arith::SubIOp::create(b, last, turn);
    mapping.map(adjoint.induction(), getInduction(b, loop, iteration));
    SmallVector<Value> kept;
    for (auto [number, index] : llvm::enumerate(getSavedCarries(loop)))
      if (slice.arguments.contains(adjoint.carry(index))) {
        Value stack = savedFor.lookup(loop.getResult(carries + number));
        kept.push_back(readFromStack(b, adjoint.carry(index).getType(), stack, iteration));
        mapping.map(adjoint.carry(index), kept.back());
      }
    for (auto [index, value] : llvm::enumerate(adjoint.captures))
      if (slice.arguments.contains(adjoint.capture(index)))
        mapping.map(adjoint.capture(index), savedFor.lookup(value));
    unsigned next = 0;
    for (unsigned index = 0; index < carries; ++index)
      if (adjoint.flows[index])
        mapping.map(adjoint.carryGrad(index), args[next++]);
    DetachedBlock::cloneSlice(slice, b, mapping);
    detachDestinations(*b.getInsertionBlock(), kept);

    // Sums first, since what they take over may be written anywhere; the carried gradients last, when all has been
    // read.
    SmallVector<Value> sums, yields;
    for (Value grad : adjoint.captureGrads) {
      if (!grad)
        continue;
      Value sum = args[next++], addend = mapping.lookup(grad);
      bool shared = llvm::is_contained(adjoint.carryGrads, grad) || llvm::count(adjoint.captureGrads, grad) > 1;
      Value added = shared ? Value() : accumulateInto(b, b.getLoc(), sum, addend);
      sums.push_back(added ? added : addInPlace(b, b.getLoc(), sum, addend));
    }
    next = 0;
    for (unsigned index = 0; index < carries; ++index) {
      if (!adjoint.flows[index])
        continue;
      Value old = args[next++];
      Value grad = adjoint.carryGrads[index] ? mapping.lookup(adjoint.carryGrads[index]) : Value();
      if (inPlace)
        yields.push_back(yieldInPlace(b, grad, old));
      else
        yields.push_back(grad ? grad : zeroOf(b, b.getLoc(), old.getType()));
    }
    llvm::append_range(yields, sums);
    return yields;
  }
};

} // namespace

void nn::registerScfGradients(DialectRegistry &registry) {
  registry.addExtension(
      +[](MLIRContext *context, scf::SCFDialect *) { scf::ForOp::attachInterface<ForGradient>(*context); });
}
