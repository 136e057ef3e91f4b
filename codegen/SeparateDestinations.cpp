// nn-separate-destinations: prepares tensors for bufferization in place. Every op that writes gets a destination of its
// own, and every loop-carried value is written back into what carries it.
#include "codegen/Passes.h"
#include "mlir/IR/Iterators.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

namespace mlir::nn {
#define GEN_PASS_DEF_SEPARATEDESTINATIONS
#include "codegen/Passes.h.inc"
} // namespace mlir::nn

using namespace mlir;
using namespace mlir::nn;

namespace {

/// The operands that `op` writes into when it is bufferized in place.
SmallVector<OpOperand *> getDestinations(Operation *op) {
  SmallVector<OpOperand *> destinations;
  auto add = [&](MutableOperandRange range) {
    for (OpOperand &operand : range)
      destinations.push_back(&operand);
  };
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
    add(dps.getDpsInitsMutable());
  else if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    for (OpOperand &operand : loop.getInitsMutable())
      destinations.push_back(&operand);
  return destinations;
}

/// A value that costs no more to make again than to copy: an empty tensor, a fill, a splat constant. Returns a copy
/// of it made at the builder's place for `loc`, or nothing where `value` is no such value.
Value rebuildCheapValue(OpBuilder &builder, Location loc, Value value) {
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return {};
  if (isa<tensor::EmptyOp>(op))
    return tensor::EmptyOp::create(builder, loc, type, ValueRange{});
  if (auto fill = dyn_cast<linalg::FillOp>(op)) {
    Value empty = tensor::EmptyOp::create(builder, loc, type, ValueRange{});
    return linalg::FillOp::create(builder, loc, fill.value(), empty).getResult(0);
  }
  DenseElementsAttr elements;
  if (!matchPattern(value, m_Constant(&elements)) || !elements.isSplat())
    return {};
  Value scalar = arith::ConstantOp::create(builder, loc, cast<TypedAttr>(elements.getSplatValue<Attribute>()));
  Value empty = tensor::EmptyOp::create(builder, loc, type, ValueRange{});
  return linalg::FillOp::create(builder, loc, scalar, empty).getResult(0);
}

/// Gives each destination of `op` that is cheap to make a value of its own, made right before `op`.
void separateDestinations(Operation *op) {
  OpBuilder builder(op);
  for (OpOperand *operand : getDestinations(op)) {
    if (Value own = rebuildCheapValue(builder, op->getLoc(), operand->get()))
      operand->set(own);
  }
}

/// Whether `value` is, op by op, `carried` with something written into it.
bool isWrittenInto(Value value, BlockArgument carried) {
  while (value != carried) {
    auto result = dyn_cast<OpResult>(value);
    if (!result)
      return false;
    Operation *op = result.getOwner();
    if (auto written = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
      value = written.getDest();
    else if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      value = dps.getTiedOpOperand(result)->get();
    else if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
      value = loop.getTiedLoopInit(result)->get();
    else
      return false;
  }
  return true;
}

/// Whether `value` is what `loop` carries at the start of a turn.
bool isCarried(scf::ForOp loop, Value value) { return llvm::is_contained(loop.getRegionIterArgs(), value); }

/// The place after the last op of the loop's body that uses `carried`.
void setInsertionPointAfterUses(OpBuilder &builder, scf::ForOp loop, BlockArgument carried) {
  Operation *last = nullptr;
  for (Operation *user : carried.getUsers()) {
    Operation *place = loop.getBody()->findAncestorOpInBlock(*user);
    if (!place->hasTrait<OpTrait::IsTerminator>() && (!last || last->isBeforeInBlock(place)))
      last = place;
  }
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(loop.getBody());
}

/// Values that move on from one carried value to the next, as the states of a recurrence over several steps back: each
/// is written as soon as the one it overwrites is no longer used, and before it is overwritten itself.
LogicalResult moveCarriedValuesOn(scf::ForOp loop) {
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  SmallVector<std::pair<BlockArgument, OpOperand *>> moves;
  for (auto [carried, operand] : llvm::zip_equal(loop.getRegionIterArgs(), yield->getOpOperands()))
    if (isa<RankedTensorType>(carried.getType()) && operand.get() != carried && isCarried(loop, operand.get()))
      moves.emplace_back(carried, &operand);
  OpBuilder builder(yield);
  while (!moves.empty()) {
    auto next = llvm::find_if(moves, [&](auto &move) {
      return llvm::none_of(moves, [&](auto &other) { return other.second->get() == move.first; });
    });
    if (next == moves.end())
      return loop.emitError() << "a loop's carried values change places from turn to turn, which no buffers of fixed "
                              << "place can do; carry them in one tensor, or copy one with an op";
    auto [carried, operand] = *next;
    setInsertionPointAfterUses(builder, loop, carried);
    auto written = bufferization::MaterializeInDestinationOp::create(builder, operand->get().getLoc(),
                                                                     carried.getType(), operand->get(), carried);
    operand->set(written.getResult());
    moves.erase(next);
  }
  return success();
}

/// Writes what `loop` yields back into the values that carry it, where it is not there by construction. A buffer that
/// carries a value is then the same in every turn.
LogicalResult writeBackCarriedValues(scf::ForOp loop) {
  if (failed(moveCarriedValuesOn(loop)))
    return failure();
  auto yield = cast<scf::YieldOp>(loop.getBody()->getTerminator());
  OpBuilder builder(yield);
  for (auto [carried, operand] : llvm::zip_equal(loop.getRegionIterArgs(), yield->getOpOperands())) {
    if (!isa<RankedTensorType>(carried.getType()) || isWrittenInto(operand.get(), carried))
      continue;
    auto written = bufferization::MaterializeInDestinationOp::create(builder, operand.get().getLoc(), carried.getType(),
                                                                     operand.get(), carried);
    operand.set(written.getResult());
  }
  return success();
}

struct SeparateDestinations : nn::impl::SeparateDestinationsBase<SeparateDestinations> {
  using Base::Base;
  void runOnOperation() override {
    getOperation().walk([](Operation *op) { separateDestinations(op); });
    WalkResult loops = getOperation().walk([](scf::ForOp loop) {
      return failed(writeBackCarriedValues(loop)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (loops.wasInterrupted())
      return signalPassFailure();
    // Splat constants that are only read become fills too: read-only data of that size has no place in a program.
    getOperation().walk([](arith::ConstantOp constant) {
      OpBuilder builder(constant);
      builder.setInsertionPointAfter(constant);
      if (Value fill = rebuildCheapValue(builder, constant.getLoc(), constant.getResult()))
        constant.replaceAllUsesWith(fill);
    });
    // What was made anew for each of its uses; bufferization would keep it.
    getOperation().walk<WalkOrder::PostOrder, ReverseIterator>([](Operation *op) {
      if (isOpTriviallyDead(op))
        op->erase();
    });
  }
};
} // namespace
