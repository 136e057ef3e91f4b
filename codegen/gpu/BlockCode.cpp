// Shares operations out among a block's threads; see BlockCode.h.
#include "codegen/gpu/BlockCode.h"
#include "codegen/Buffers.h"
#include "codegen/ParallelLoops.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/gpu/BlockProduct.h"
#include "codegen/gpu/Launches.h"
#include "codegen/gpu/PointGroup.h"
#include "codegen/gpu/StreamedMma.h"
#include "codegen/gpu/StreamedProduct.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

using namespace mlir;
using namespace mlir::nn;

bool nn::hasNoEffect(Operation *op) { return isPure(op) || isBufferView(op); }

namespace {

/// What has been done to memory since the last barrier.
class Pending {
public:
  /// Whether `op` may touch what another thread has changed, or change what it has yet to read.
  bool conflictsWith(Operation *op) {
    bool conflict = false;
    forEachAccess(op, [&](Value buffer, Access access) {
      for (auto [other, otherAccess] : accesses)
        conflict |= (writes(access) || writes(otherAccess)) && mayAlias(buffer, other);
    });
    return conflict;
  }

  void add(Operation *op) {
    forEachAccess(op, [&](Value buffer, Access access) { accesses.push_back({getBufferRoot(buffer), access}); });
  }

  void clear() { accesses.clear(); }
  bool isEmpty() const { return accesses.empty(); }

private:
  SmallVector<std::pair<Value, Access>> accesses;
};

bool writesMemory(Operation *op) {
  bool found = false;
  forEachAccess(op, [&](Value, Access access) { found |= writes(access); });
  return found;
}

bool holdsGenerics(Operation *op) {
  return op->walk([](linalg::GenericOp) { return WalkResult::interrupt(); }).wasInterrupted();
}

class BlockLowering {
public:
  BlockLowering(Threads threads, SharedMemory &shared, llvm::function_ref<Value(memref::AllocOp)> allocateGlobally,
                TensorCoreUse &tensorCores)
      : threads(threads), shared(shared), allocateGlobally(allocateGlobally), tensorCores(tensorCores),
        points(threads.count) {}

  LogicalResult lower(Block &block) {
    for (Operation *op = block.empty() ? nullptr : &block.front(); op;) {
      Operation *next = op->getNextNode();
      if (failed(lower(op)))
        return failure();
      op = next;
    }
    return success();
  }

private:
  LogicalResult lower(Operation *op) {
    if (fills.contains(op))
      return success();
    if (op->hasTrait<OpTrait::IsTerminator>()) {
      flushPoints(op);
      return success();
    }
    if (auto alloc = dyn_cast<memref::AllocOp>(op))
      return lowerAllocation(alloc);
    if (isa<gpu::BarrierOp>(op) && op->hasAttr(gridBarrierName)) {
      flushPoints(op);
      pending.clear();
      return success();
    }
    if (hasNoEffect(op) || isa<gpu::BarrierOp, gpu::DynamicSharedMemoryOp>(op))
      return success();
    if (auto generic = dyn_cast<linalg::GenericOp>(op))
      return lowerGeneric(generic);
    flushPoints(op);
    if (auto loop = dyn_cast<scf::ForOp>(op); loop && loop->hasAttr(turnsAttributeName) && loop.getNumResults() == 0) {
      synchronize(op);
      return lowerTurns(loop, threads);
    }
    if (isa<scf::ForOp, scf::IfOp>(op) && holdsGenerics(op))
      return lowerRegions(op);
    if (!isa<memref::LoadOp, memref::StoreOp, scf::ForOp, scf::IfOp, scf::WhileOp>(op))
      return op->emitError() << "'" << op->getName() << "' has no form for blocks of threads";
    synchronize(op);
    if (writesMemory(op))
      return runOnOneThread(op);
    return success();
  }

  /// Puts a barrier before `op` where it needs what came before.
  void synchronize(Operation *op) {
    if (pending.conflictsWith(op))
      putBarrier(op);
    pending.add(op);
  }

  void putBarrier(Operation *before) {
    OpBuilder builder(before);
    gpu::BarrierOp::create(builder, before->getLoc());
    pending.clear();
  }

  LogicalResult lowerAllocation(memref::AllocOp alloc) {
    OpBuilder builder(alloc);
    MemRefType type = alloc.getType();
    Value buffer = shared.hasRoomFor(type) ? shared.allocate(builder, alloc.getLoc(), type) : allocateGlobally(alloc);
    if (!buffer)
      return alloc.emitError() << "a buffer of " << type << " does not fit in a block's shared memory";
    alloc.replaceAllUsesWith(buffer);
    alloc.erase();
    return success();
  }

  LogicalResult lowerGeneric(linalg::GenericOp op) {
    if (linalg::GenericOp sum = findSum(op)) {
      fills.insert(op);
      fillOf[sum] = op;
      return success();
    }
    linalg::GenericOp fill = fillOf.lookup(op);
    if (!fill) {
      if (points.add(op))
        return success();
      flushPoints(op);
      if (points.add(op))
        return success();
    }
    flushPoints(op);
    if (fill) {
      if (pending.conflictsWith(fill))
        putBarrier(op);
      pending.add(fill);
    }
    synchronize(op);
    OpBuilder builder(op);
    FailureOr<Contraction> contraction = matchContraction(op);
    Precision precision = tensorCores.precision;
    bool streamsMma = succeeded(contraction) && canStreamMma(*contraction, precision, threads.count, shared);
    bool streams = streamsMma || (succeeded(contraction) && canStream(*contraction, threads.count, shared));
    // What is in shared memory already need not be kept.
    bool keeps = succeeded(contraction) && keepsFactor(*contraction, threads.count) &&
                 !(streams && isShared(contraction->b->get()));
    if (keeps)
      emitBlockProduct(builder, *contraction, fill, threads, shared, registers);
    else if (streamsMma) {
      emitStreamedMma(builder, *contraction, fill, precision, threads, shared);
      for (const auto &[of, flops] : countProductFlops(op))
        tensorCores.flops.push_back({of, llvm::SaturatingMultiply<uint64_t>(flops, countTurns(op))});
    } else if (streams)
      emitStreamedProduct(builder, *contraction, fill, threads, shared);
    else
      emitGeneric(builder, op, fill, threads);
    op.erase();
    if (fill) {
      fills.erase(fill);
      fill.erase();
    }
    return success();
  }

  /// Of all loops around `op` together.
  static uint64_t countTurns(Operation *op) {
    uint64_t count = 1;
    for (auto loop = op->getParentOfType<scf::ForOp>(); loop; loop = loop->getParentOfType<scf::ForOp>())
      if (std::optional<APInt> turns = loop.getStaticTripCount())
        count = llvm::SaturatingMultiply(count, turns->getZExtValue());
    return count;
  }

  /// Emits the elementwise operations that wait, before `op`.
  void flushPoints(Operation *op) {
    if (points.isEmpty())
      return;
    SmallVector<linalg::GenericOp> ops = points.getOps();
    if (llvm::any_of(ops, [&](linalg::GenericOp member) { return pending.conflictsWith(member); }))
      putBarrier(op);
    for (linalg::GenericOp member : ops)
      pending.add(member);
    OpBuilder builder(op);
    points.emit(builder, threads.id);
    for (linalg::GenericOp member : ops)
      member.erase();
  }

  /// The op that adds up from what `fill` writes, if it is the next to touch it.
  linalg::GenericOp findSum(linalg::GenericOp fill) {
    if (fill.getNumDpsInits() != 1)
      return {};
    for (Operation *next = fill->getNextNode(); next; next = next->getNextNode()) {
      auto generic = dyn_cast<linalg::GenericOp>(next);
      if (generic && takesFill(generic, fill))
        return generic;
      if (!hasNoEffect(next) && !isa<memref::AllocOp>(next))
        return {};
    }
    return {};
  }

  /// A loop or branch of the whole block, alike on all threads.
  LogicalResult lowerRegions(Operation *op) {
    if (!pending.isEmpty())
      putBarrier(op);
    for (Region &region : op->getRegions())
      for (Block &block : region) {
        if (failed(lower(block)))
          return failure();
        // The next turn, or what comes after, starts where all are done.
        if (!pending.isEmpty())
          putBarrier(block.getTerminator());
      }
    return success();
  }

  /// What one thread does alone, its results in shared memory where others need them.
  LogicalResult runOnOneThread(Operation *op) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    SmallVector<Value> places;
    for (Value result : op->getResults()) {
      auto type = MemRefType::get({}, result.getType());
      if (!result.getType().isIntOrIndexOrFloat() || !shared.hasRoomFor(type))
        return op->emitError() << "gives a " << result.getType() << " that one thread cannot hand to the others";
      places.push_back(result.use_empty() ? Value() : shared.allocate(builder, loc, type));
    }
    Value isFirst = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, threads.id,
                                          arith::ConstantIndexOp::create(builder, loc, 0));
    auto branch = scf::IfOp::create(builder, loc, isFirst, /*withElseRegion=*/false);
    OpBuilder after(builder);
    SmallVector<Value> loaded;
    if (llvm::any_of(places, [](Value place) { return bool(place); })) {
      gpu::BarrierOp::create(after, loc);
      pending.clear();
      for (Value place : places)
        loaded.push_back(place ? Value(memref::LoadOp::create(after, loc, place, ValueRange{})) : Value());
    }
    for (auto [result, value] : llvm::zip(op->getResults(), loaded))
      if (value)
        result.replaceAllUsesWith(value);
    op->moveBefore(branch.thenBlock()->getTerminator());
    builder.setInsertionPointAfter(op);
    for (auto [result, place] : llvm::zip_equal(op->getResults(), places))
      if (place)
        memref::StoreOp::create(builder, loc, result, place, ValueRange{});
    return success();
  }

  Threads threads;
  SharedMemory &shared;
  llvm::function_ref<Value(memref::AllocOp)> allocateGlobally;
  TensorCoreUse &tensorCores;
  Pending pending;
  PointGroup points;
  Registers registers;
  /// Fills that are computed along with a sum, and those of each sum.
  DenseSet<Operation *> fills;
  DenseMap<Operation *, linalg::GenericOp> fillOf;
};

} // namespace

LogicalResult nn::lowerBlock(Block &block, Threads threads, SharedMemory &shared,
                             llvm::function_ref<Value(memref::AllocOp)> allocateGlobally, TensorCoreUse &tensorCores) {
  return BlockLowering(threads, shared, allocateGlobally, tensorCores).lower(block);
}

LogicalResult nn::lowerTurns(scf::ForOp loop, Threads threads) {
  auto allocation = loop.walk([](memref::AllocOp op) -> WalkResult {
    return op.emitOpError() << "allocates in a loop of independent turns, whose threads have no memory of their own";
  });
  if (allocation.wasInterrupted())
    return failure();
  // Inside a turn there is one thread.
  SmallVector<linalg::GenericOp> generics;
  loop.walk([&](linalg::GenericOp op) { generics.push_back(op); });
  for (linalg::GenericOp op : generics) {
    OpBuilder builder(op);
    emitGeneric(builder, op, {}, {arith::ConstantIndexOp::create(builder, op.getLoc(), 0), 1});
    op.erase();
  }
  OpBuilder builder(loop);
  Location loc = loop.getLoc();
  Value first = arith::MulIOp::create(builder, loc, threads.id, loop.getStep());
  Value stride =
      arith::MulIOp::create(builder, loc, loop.getStep(), arith::ConstantIndexOp::create(builder, loc, threads.count));
  Value begin = arith::AddIOp::create(builder, loc, loop.getLowerBound(), first);
  loop.setLowerBound(begin);
  loop.setStep(stride);
  loop->removeAttr(turnsAttributeName);
  return success();
}
