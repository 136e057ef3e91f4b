// Elements, and sums of sixteen lanes, by threads; see GenericThreads.h. codegen/cpu/GenericLoops.cpp has the same
// order of operations in vectors.
#include "codegen/gpu/GenericThreads.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/LoopRoles.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::nn;

/// Elements that are loaded before the first term of a sum is added, where the body is short: the way to memory is
/// long.
static constexpr int64_t maxLoadsAtOnce = 64;
static constexpr size_t maxUnrolledOps = 8;
static constexpr int64_t warpSize = 32;

void nn::forEachPoint(OpBuilder &builder, Location loc, int64_t count, Threads threads,
                      llvm::function_ref<void(Value point)> body) {
  int64_t rounds = count / threads.count, rest = count % threads.count;
  IndexEmitter indices(builder, loc);
  buildLoop(builder, loc, 0, rounds, 1,
            [&](Value round) { body(indices.add(indices.multiply(round, threads.count), threads.id)); });
  if (rest > 0)
    buildIf(builder, loc, indices.isBelow(threads.id, rest),
            [&] { body(addIndex(builder, loc, threads.id, rounds * threads.count)); });
}

namespace {
class ThreadEmitter : IndexEmitter {
public:
  ThreadEmitter(OpBuilder &builder, linalg::GenericOp op, linalg::GenericOp fill, Threads threads)
      : IndexEmitter(builder, op.getLoc()), op(op), fill(fill), threads(threads), extents(op.getStaticLoopRanges()),
        ivs(op.getNumLoops()), roles(findLoopRoles(op)) {
    if (roles.vectorLoop && !isSumLoop(op, *roles.vectorLoop))
      roles.outer.push_back(*roles.vectorLoop);
    else
      laneLoop = roles.vectorLoop;
    sharesLanes = laneLoop && canExchange();
  }

  void emit() {
    if (llvm::is_contained(extents, 0))
      return;
    if (sharesLanes)
      return emitSharedSums();
    forEachPoint(builder, loc, countPoints(), threads, [&](Value point) {
      delinearize(builder, loc, point, roles.outer, extents, ivs);
      SmallVector<Value> results = laneLoop ? emitOwnSums() : emitSums(roles.sums, getInitial());
      for (auto [output, result] : llvm::zip_equal(roles.sumOutputs, results))
        makeBody().store(output, result);
    });
  }

  int64_t countUseful() const { return countPoints() * (sharesLanes ? reductionLanes : 1); }

private:
  /// Whether there are warps, and they exchange values of the sums' types.
  bool canExchange() {
    return threads.count % warpSize == 0 && llvm::all_of(roles.sumOutputs, [](OpOperand *output) {
             Type type = getElementTypeOrSelf(output->get().getType());
             return type.isF32() || type.isF64() || type.isInteger(32) || type.isInteger(64);
           });
  }

  int64_t countPoints() const {
    int64_t count = 1;
    for (unsigned loop : roles.outer)
      count *= extents[loop];
    return count;
  }

  VectorBody makeBody() { return VectorBody(builder, noVectors, op, ivs, 0, 0); }

  SmallVector<Value> getInitial() {
    return llvm::map_to_vector(roles.sumOutputs, [&](OpOperand *output) -> Value {
      if (!fill)
        return makeBody().load(output);
      SmallVector<Value> at;
      for (AffineExpr expr : op.getMatchingIndexingMap(output).getResults())
        at.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
      return VectorBody(builder, noVectors, fill, at, 0, 0).emit().front();
    });
  }

  /// One evaluation of the body; gives the next values of the sums and stores the other outputs.
  SmallVector<Value> emitBody(ValueRange carried) { return emitBody(makeBody(), carried); }

  SmallVector<Value> emitBody(VectorBody body, ValueRange carried) {
    for (auto [sum, value] : llvm::zip_equal(roles.sumOutputs, carried))
      body.bind(sum->getOperandNumber(), value);
    SmallVector<Value> next;
    for (auto [output, value] : llvm::zip_equal(op.getDpsInitsMutable(), body.emit())) {
      if (llvm::is_contained(roles.sumOutputs, &output))
        next.push_back(value);
      else
        body.store(&output, value);
    }
    return next;
  }

  SmallVector<Value> emitSums(ArrayRef<unsigned> loops, ValueRange carried) {
    if (loops.empty())
      return sharesLanes ? emitLane(carried) : laneLoop ? emitLanes(carried) : emitBody(carried);
    unsigned loop = loops.front();
    bool unrolls = loops.size() == 1 && !laneLoop && op.getBody()->getOperations().size() <= maxUnrolledOps;
    int64_t step = unrolls ? std::max<int64_t>(1, maxLoadsAtOnce / std::max<int64_t>(1, op.getNumDpsInputs())) : 1;
    while (extents[loop] % step != 0)
      --step;
    return buildLoop(builder, loc, 0, extents[loop], step, carried, [&](Value iv, ValueRange inner) {
      if (step > 1)
        return emitTerms(loop, iv, step, inner);
      ivs[loop] = iv;
      return emitSums(loops.drop_front(), inner);
    });
  }

  /// Several terms, all loaded before the first is added: so many loads are under way together.
  SmallVector<Value> emitTerms(unsigned loop, Value first, int64_t count, ValueRange carried) {
    std::vector<VectorBody> bodies;
    for (int64_t term = 0; term < count; ++term) {
      ivs[loop] = addIndex(builder, loc, first, term);
      VectorBody &body = bodies.emplace_back(makeBody());
      for (OpOperand *input : op.getDpsInputOperands())
        body.bind(input->getOperandNumber(), body.load(input));
    }
    SmallVector<Value> values(carried);
    for (auto [term, body] : llvm::enumerate(bodies)) {
      ivs[loop] = addIndex(builder, loc, first, term);
      values = emitBody(std::move(body), values);
    }
    return values;
  }

  /// Each sixteenth element, from this thread's on.
  SmallVector<Value> emitLane(ValueRange carried) {
    int64_t extent = extents[*laneLoop], whole = extent / reductionLanes * reductionLanes;
    auto addTerm = [&](Value start, ValueRange sums) {
      ivs[*laneLoop] = add(start, lane);
      return emitBody(sums);
    };
    SmallVector<Value> sums(carried);
    if (whole > 0)
      sums = buildLoop(builder, loc, 0, whole, reductionLanes, sums, addTerm);
    if (whole == extent)
      return sums;
    Value isLeft = isBelow(lane, extent - whole);
    return buildIf(
        builder, loc, isLeft, ValueRange(sums).getTypes(), [&] { return addTerm(constant(whole), sums); },
        [&] { return sums; });
  }

  /// All sixteen lanes, one after the other: the sums of the first, of the second, and so on.
  SmallVector<Value> emitLanes(ValueRange carried) {
    int64_t extent = extents[*laneLoop], whole = extent / reductionLanes * reductionLanes;
    size_t count = roles.sumOutputs.size();
    auto addTerms = [&](Value start, ValueRange sums, int64_t terms) {
      SmallVector<Value> next(sums);
      for (int64_t term = 0; term < terms; ++term) {
        ivs[*laneLoop] = addIndex(builder, loc, start, term);
        llvm::copy(emitBody(sums.slice(term * count, count)), next.begin() + term * count);
      }
      return next;
    };
    SmallVector<Value> sums(carried);
    if (whole > 0)
      sums = buildLoop(builder, loc, 0, whole, reductionLanes, sums,
                       [&](Value start, ValueRange inner) { return addTerms(start, inner, reductionLanes); });
    return addTerms(constant(whole), sums, extent - whole);
  }

  SmallVector<Combiner> getCombiners() {
    return llvm::map_to_vector(roles.sumOutputs, [&](OpOperand *sum) { return *matchCombiner(op, sum); });
  }

  SmallVector<Value> getNeutralValues(ArrayRef<Combiner> combiners) {
    return llvm::map_to_vector(combiners,
                               [&](const Combiner &combiner) { return getNeutralValue(builder, loc, combiner); });
  }

  /// A row's sums by one thread, which has all lanes.
  SmallVector<Value> emitOwnSums() {
    SmallVector<Combiner> combiners = getCombiners();
    SmallVector<Value> neutral = getNeutralValues(combiners), lanes;
    for (int64_t number = 0; number < reductionLanes; ++number)
      llvm::append_range(lanes, neutral);
    lanes = emitSums(roles.sums, lanes);
    SmallVector<Value> results;
    for (auto [number, combiner, initial] : llvm::enumerate(combiners, getInitial())) {
      auto getLane = [&, first = number](int64_t at) -> Value & { return lanes[at * combiners.size() + first]; };
      for (int64_t half = reductionLanes / 2; half > 0; half /= 2)
        for (int64_t at = 0; at < half; ++at)
          getLane(at) = combine(builder, loc, combiner, getLane(at), getLane(at + half));
      results.push_back(combine(builder, loc, combiner, initial, getLane(0)));
    }
    return results;
  }

  /// The tree of codegen/cpu/Reduction.h, halves being exchanged between threads.
  Value combineThreads(const Combiner &combiner, Value sum) {
    for (int32_t half = reductionLanes / 2; half > 0; half /= 2) {
      Value other = gpu::ShuffleOp::create(builder, loc, sum, half, warpSize, gpu::ShuffleMode::XOR).getShuffleResult();
      sum = combine(builder, loc, combiner, sum, other);
    }
    return sum;
  }

  /// Sixteen threads a row. All threads go through all rounds, as they exchange values; those beyond the last row
  /// compute that one too and store nothing.
  void emitSharedSums() {
    SmallVector<Combiner> combiners = getCombiners();
    int64_t rows = countPoints(), groups = threads.count / reductionLanes;
    lane = remainder(threads.id, reductionLanes);
    Value group = divide(threads.id, reductionLanes);
    buildLoop(builder, loc, 0, llvm::divideCeil(rows, groups), 1, [&](Value round) {
      Value row = add(multiply(round, groups), group);
      delinearize(builder, loc, clampBelow(row, rows), roles.outer, extents, ivs);
      SmallVector<Value> sums = emitSums(roles.sums, getNeutralValues(combiners));
      for (auto [sum, combiner] : llvm::zip_equal(sums, combiners))
        sum = combineThreads(combiner, sum);
      Value isFirst = isEqual(lane, constant(0)), isRow = isBelow(row, rows);
      buildIf(builder, loc, arith::AndIOp::create(builder, loc, isFirst, isRow), [&] {
        for (auto [output, combiner, initial, sum] : llvm::zip_equal(roles.sumOutputs, combiners, getInitial(), sums))
          makeBody().store(output, combine(builder, loc, combiner, initial, sum));
      });
    });
  }

  linalg::GenericOp op, fill;
  Threads threads;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs;
  LoopRoles roles;
  /// The loop whose sums have sixteen lanes, whether sixteen threads share them, and which of these this one is.
  std::optional<unsigned> laneLoop;
  bool sharesLanes;
  Value lane;
  /// Threads compute scalars.
  CpuTarget noVectors;
};
} // namespace

int64_t nn::countUsefulThreads(linalg::GenericOp op) {
  OpBuilder builder(op);
  return ThreadEmitter(builder, op, {}, {{}, warpSize}).countUseful();
}

bool nn::takesFill(linalg::GenericOp op, linalg::GenericOp fill) {
  LoopRoles roles = findLoopRoles(op);
  if (roles.sumOutputs.size() != 1 || !roles.isPlain || fill.getNumDpsInits() != 1 ||
      fill.getNumParallelLoops() != fill.getNumLoops() ||
      !fill.getMatchingIndexingMap(fill.getDpsInitOperand(0)).isIdentity() ||
      fill.payloadUsesValueFromOperand(fill.getDpsInitOperand(0)))
    return false;
  Value filled = fill.getDpsInits()[0];
  if (!isSameView(roles.sumOutputs.front()->get(), filled))
    return false;
  auto isApart = [&](OpOperand &operand) {
    return &operand == roles.sumOutputs.front() || !isa<MemRefType>(operand.get().getType()) ||
           !mayAlias(operand.get(), filled);
  };
  // What the fill reads must not be what `op` writes besides.
  bool readsResults = llvm::any_of(
      fill.getDpsInputs(), [&](Value input) { return isa<MemRefType>(input.getType()) && mayWrite(op, input); });
  return !readsResults && llvm::all_of(op->getOpOperands(), isApart);
}

void nn::emitGeneric(OpBuilder &builder, linalg::GenericOp op, linalg::GenericOp fill, Threads threads) {
  ThreadEmitter(builder, op, fill, threads).emit();
}
