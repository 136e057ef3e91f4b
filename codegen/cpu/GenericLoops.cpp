// The loops of a linalg.generic: parallel pieces, then vectors along the loop
// in which memory is contiguous.
//
// Sums over that loop itself keep 16 lanes, whatever the processor's vectors
// are: lane l combines elements l, l + 16,
// ..., then halves are combined, 8, 4, 2, 1, and the initial value last. Other
// sums go in the order of their loops.
#include "codegen/cpu/GenericLoops.h"
#include "codegen/cpu/LoopRoles.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/Reduction.h"
#include "codegen/cpu/Transpose.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

// Operations on elements below which a task is not worth handing to another
// thread: some five microseconds.
static constexpr int64_t operationsPerTask = 1 << 17;
static constexpr int64_t maxTasks = 64;

namespace {

class GenericEmitter : IndexEmitter {
public:
  GenericEmitter(OpBuilder &builder, linalg::GenericOp op, const CpuTarget &target)
      : IndexEmitter(builder, op.getLoc()), op(op), target(target), extents(op.getStaticLoopRanges()),
        ivs(op.getNumLoops()) {}

  void emit();
  GenericSchedule getSchedule();

private:
  void chooseLoops();
  std::optional<unsigned> chooseTransposedLoop();
  int64_t getElementLanes();
  int64_t chooseLanes();
  int64_t getWork();
  int64_t getNumTasks() { return isInsideParallelLoop(op) ? 1 : nn::getNumTasks(getWork()); }

  void emitScalar();
  void emitOuter(int64_t tasks);
  void emitSplitAlongVector(int64_t tasks);
  void emitRow();
  void emitMain(Value begin, Value end);
  void emitRemainder();
  void emitTransposing();
  void emitSquare(int64_t size);
  void emitVector(Value start, int64_t width);
  void emitLaneSums();
  SmallVector<Value> emitSums(ArrayRef<unsigned> loops, ValueRange carried, int64_t width);
  SmallVector<Value> emitLanes(ValueRange carried);
  SmallVector<Value> emitBody(ValueRange carried, int64_t width);
  VectorBody makeBody(int64_t width) { return VectorBody(builder, target, op, ivs, vectorLoop.value_or(0), width); }

  bool isSumLoop(unsigned loop) { return nn::isSumLoop(op, loop); }

  linalg::GenericOp op;
  const CpuTarget &target;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs;
  std::optional<unsigned> vectorLoop;
  /// The loop along which inputs are contiguous that are not so along the vector loop.
  std::optional<unsigned> transposedLoop;
  /// Parallel loops around the vectors; the loops of sums inside.
  SmallVector<unsigned> outerLoops, sumLoops;
  /// Outputs that are carried through the sums' loops.
  SmallVector<OpOperand *> sums;
  int64_t lanes = 0;
};

} // namespace

/// Whether `operand` lies the other way round: contiguous along `inner`, but not along `vectorLoop`.
static bool isTransposed(OpOperand *operand, unsigned vectorLoop, unsigned inner) {
  std::optional<int64_t> stride = getStrideAlong(operand, vectorLoop);
  return stride != 0 && stride != 1 && getStrideAlong(operand, inner) == 1;
}

std::optional<unsigned> GenericEmitter::chooseTransposedLoop() {
  if (!vectorLoop || !sumLoops.empty() || isSumLoop(*vectorLoop) || extents[*vectorLoop] < getElementLanes())
    return std::nullopt;
  for (unsigned loop : outerLoops)
    if (extents[loop] >= getElementLanes() && llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *input) {
          return isTransposed(input, *vectorLoop, loop);
        }))
      return loop;
  return std::nullopt;
}

/// Lanes of one vector register for the widest type of the operands that vectors are loaded from or stored to; a key of
/// random numbers, say, is one scalar for all of them.
int64_t GenericEmitter::getElementLanes() {
  int64_t elementLanes = target.vectorBits / 8;
  for (OpOperand &operand : op->getOpOperands())
    if (op.getMatchingIndexingMap(&operand).isFunctionOfDim(*vectorLoop))
      elementLanes = std::min(elementLanes, target.getLanes(getElementTypeOrSelf(operand.get().getType())));
  return elementLanes;
}

/// Several registers side by side where the body is short: they hide latency,
/// and rows of memory are read in long pieces.
int64_t GenericEmitter::chooseLanes() {
  int64_t one = getElementLanes(), numOps = op.getBody()->getOperations().size();
  int64_t registers = numOps <= 4 ? (sums.empty() ? 4 : 8) : numOps <= 32 ? 2 : 1;
  int64_t extent = extents[*vectorLoop];
  if (extent < one)
    return extent;
  return one * std::clamp<int64_t>(extent / one, 1, registers);
}

int64_t nn::getNumTasks(int64_t work) { return std::clamp<int64_t>(work / operationsPerTask, 1, maxTasks); }

int64_t GenericEmitter::getWork() {
  int64_t work = op.getBody()->getOperations().size() + op->getNumOperands();
  for (int64_t extent : extents)
    work *= extent;
  return work * (vectorLoop ? 1 : 8);
}

void GenericEmitter::chooseLoops() {
  LoopRoles roles = findLoopRoles(op);
  vectorLoop = roles.vectorLoop;
  outerLoops = std::move(roles.outer);
  sumLoops = std::move(roles.sums);
  sums = std::move(roles.sumOutputs);
  transposedLoop = chooseTransposedLoop();
}

GenericSchedule GenericEmitter::getSchedule() {
  chooseLoops();
  int64_t work = getWork();
  return {vectorLoop, transposedLoop, work, nn::getNumTasks(work)};
}

void GenericEmitter::emit() {
  if (llvm::is_contained(extents, 0))
    return;
  chooseLoops();
  if (transposedLoop)
    return emitTransposing();
  if (vectorLoop)
    lanes = isSumLoop(*vectorLoop) ? reductionLanes : chooseLanes();
  int64_t tasks = getNumTasks(), numOuter = 1;
  for (unsigned loop : outerLoops)
    numOuter *= extents[loop];
  if (numOuter < tasks && vectorLoop && !isSumLoop(*vectorLoop))
    return emitSplitAlongVector(tasks);
  emitOuter(std::min(tasks, numOuter));
}

void GenericEmitter::emitOuter(int64_t tasks) {
  SmallVector<int64_t> outer = llvm::map_to_vector(outerLoops, [&](unsigned loop) { return extents[loop]; });
  if (tasks == 1) {
    buildLoopNest(builder, loc, outer, [&](ValueRange at) {
      for (auto [loop, iv] : llvm::zip_equal(outerLoops, at))
        ivs[loop] = iv;
      emitRow();
    });
    return;
  }
  int64_t total = 1;
  for (int64_t extent : outer)
    total *= extent;
  buildParallelPieces(builder, loc, total, llvm::divideCeil(total, tasks), [&](Value begin, Value end) {
    buildLoop(builder, loc, begin, end, 1, [&](Value point) {
      delinearize(builder, loc, point, outerLoops, extents, ivs);
      emitRow();
    });
  });
}

/// One task computes a part of one row; what is left of each row, less than a
/// few vectors, is done afterwards.
void GenericEmitter::emitSplitAlongVector(int64_t tasks) {
  int64_t numOuter = 1;
  for (unsigned loop : outerLoops)
    numOuter *= extents[loop];
  int64_t vectors = extents[*vectorLoop] / lanes;
  int64_t share = llvm::divideCeil(vectors, llvm::divideCeil(tasks, numOuter));
  int64_t perRow = llvm::divideCeil(vectors, share);
  buildParallelPieces(builder, loc, numOuter * perRow, 1, [&](Value task, Value) {
    Value count = constant(perRow), size = constant(share * lanes);
    Value part = computeIndex<arith::RemUIOp>(builder, loc, task, count);
    delinearize(builder, loc, computeIndex<arith::DivUIOp>(builder, loc, task, count), outerLoops, extents, ivs);
    Value begin = computeIndex<arith::MulIOp>(builder, loc, part, size);
    Value end = computeIndex<arith::AddIOp>(builder, loc, begin, size);
    emitMain(begin, computeIndex<arith::MinUIOp>(builder, loc, end, constant(vectors * lanes)));
  });
  SmallVector<int64_t> outer = llvm::map_to_vector(outerLoops, [&](unsigned loop) { return extents[loop]; });
  if (extents[*vectorLoop] % lanes != 0)
    buildLoopNest(builder, loc, outer, [&](ValueRange at) {
      for (auto [loop, iv] : llvm::zip_equal(outerLoops, at))
        ivs[loop] = iv;
      emitRemainder();
    });
}

/// Squares of the vector loop and the loop along which inputs are contiguous: these are read along the latter and
/// transposed in registers. What is left at the edges goes vector by vector.
void GenericEmitter::emitTransposing() {
  lanes = getElementLanes();
  int64_t size = lanes;
  llvm::erase(outerLoops, *transposedLoop);
  SmallVector<int64_t> outer = llvm::map_to_vector(outerLoops, [&](unsigned loop) { return extents[loop]; });
  int64_t numOuter = 1;
  for (int64_t extent : outer)
    numOuter *= extent;
  // A task takes whole bands of two squares: a cache line of the inputs as a rule.
  int64_t band = 2 * size, bands = llvm::divideCeil(extents[*transposedLoop], band), total = numOuter * bands;
  int64_t tasks = std::min(getNumTasks(), total);
  buildParallelPieces(builder, loc, total, llvm::divideCeil(total, tasks), [&](Value begin, Value end) {
    buildLoop(builder, loc, begin, end, 1, [&](Value point) {
      Value count = constant(bands);
      delinearize(builder, loc, computeIndex<arith::DivUIOp>(builder, loc, point, count), outerLoops, extents, ivs);
      Value first = computeIndex<arith::MulIOp>(builder, loc, computeIndex<arith::RemUIOp>(builder, loc, point, count),
                                                constant(band));
      Value limit = computeIndex<arith::MinUIOp>(builder, loc, addIndex(builder, loc, first, band),
                                                 constant(extents[*transposedLoop]));
      Value whole = computeIndex<arith::MinUIOp>(builder, loc, addIndex(builder, loc, first, band),
                                                 constant(extents[*transposedLoop] / size * size));
      buildLoop(builder, loc, 0, extents[*vectorLoop] / size * size, size, [&](Value start) {
        buildLoop(builder, loc, first, whole, size, [&](Value square) {
          ivs[*vectorLoop] = start;
          ivs[*transposedLoop] = square;
          emitSquare(size);
        });
      });
      auto emitEach = [&](Value from, Value to, bool isWhole) {
        buildLoop(builder, loc, from, to, 1, [&](Value iv) {
          ivs[*transposedLoop] = iv;
          if (!isWhole)
            emitMain(constant(0), constant(extents[*vectorLoop] / lanes * lanes));
          emitRemainder();
        });
      };
      if (extents[*vectorLoop] % size != 0)
        emitEach(first, whole, /*isWhole=*/true);
      if (extents[*transposedLoop] % size != 0)
        emitEach(computeIndex<arith::MaxUIOp>(builder, loc, first, whole), limit, /*isWhole=*/false);
    });
  });
}

void GenericEmitter::emitSquare(int64_t size) {
  Value start = ivs[*vectorLoop], square = ivs[*transposedLoop];
  DenseMap<unsigned, SmallVector<Value>> columns;
  for (OpOperand *input : op.getDpsInputOperands()) {
    if (!isTransposed(input, *vectorLoop, *transposedLoop))
      continue;
    SmallVector<Value> rows;
    for (int64_t i = 0; i < size; ++i) {
      ivs[*vectorLoop] = addIndex(builder, loc, start, i);
      rows.push_back(VectorBody(builder, target, op, ivs, *transposedLoop, size).load(input));
    }
    columns[input->getOperandNumber()] = transposeSquare(builder, loc, std::move(rows));
  }
  ivs[*vectorLoop] = start;
  for (int64_t i = 0; i < size; ++i) {
    ivs[*transposedLoop] = addIndex(builder, loc, square, i);
    VectorBody body = makeBody(size);
    for (auto &[number, vectors] : columns)
      body.bind(number, vectors[i]);
    SmallVector<Value> results = body.emit();
    for (auto [output, value] : llvm::zip_equal(op.getDpsInitsMutable(), results))
      body.store(&output, value);
  }
}

/// Everything inside the outer loops.
void GenericEmitter::emitRow() {
  if (!vectorLoop)
    return emitScalar();
  if (isSumLoop(*vectorLoop))
    return emitLaneSums();
  emitMain(constant(0), constant(extents[*vectorLoop] / lanes * lanes));
  emitRemainder();
}

void GenericEmitter::emitMain(Value begin, Value end) {
  buildLoop(builder, loc, begin, end, lanes, [&](Value start) { emitVector(start, lanes); });
}

void GenericEmitter::emitRemainder() {
  int64_t extent = extents[*vectorLoop], one = std::min(getElementLanes(), lanes);
  int64_t begin = extent / lanes * lanes, whole = (extent - begin) / one * one;
  if (whole > 0)
    emitVector(constant(begin), whole);
  if (begin + whole < extent)
    emitVector(constant(begin + whole), extent - begin - whole);
}

/// `width` iterations of a parallel vector loop.
void GenericEmitter::emitVector(Value start, int64_t width) {
  ivs[*vectorLoop] = start;
  VectorBody at = makeBody(width);
  SmallVector<Value> initial = llvm::map_to_vector(sums, [&](OpOperand *sum) { return at.broadcast(at.load(sum)); });
  SmallVector<Value> results = emitSums(sumLoops, initial, width);
  for (auto [sum, result] : llvm::zip_equal(sums, results))
    makeBody(width).store(sum, result);
}

/// The loops of sums from the first of `loops` on, the sums being carried
/// through them.
SmallVector<Value> GenericEmitter::emitSums(ArrayRef<unsigned> loops, ValueRange carried, int64_t width) {
  if (loops.empty())
    return vectorLoop && isSumLoop(*vectorLoop) ? emitLanes(carried) : emitBody(carried, width);
  return buildLoop(builder, loc, 0, extents[loops.front()], 1, carried, [&](Value iv, ValueRange inner) {
    ivs[loops.front()] = iv;
    return emitSums(loops.drop_front(), inner, width);
  });
}

/// One evaluation of the body; gives the next values of the sums and stores the
/// other outputs.
SmallVector<Value> GenericEmitter::emitBody(ValueRange carried, int64_t width) {
  VectorBody body = makeBody(width);
  for (auto [sum, value] : llvm::zip_equal(sums, carried))
    body.bind(sum->getOperandNumber(), value);
  SmallVector<Value> next;
  for (auto [output, value] : llvm::zip_equal(op.getDpsInitsMutable(), body.emit())) {
    if (llvm::is_contained(sums, &output))
      next.push_back(body.broadcast(value));
    else
      body.store(&output, value);
  }
  return next;
}

/// The innermost loop of sums along the vectors: sixteen lanes at a time, the
/// rest into the first lanes.
SmallVector<Value> GenericEmitter::emitLanes(ValueRange carried) {
  int64_t extent = extents[*vectorLoop], whole = extent / reductionLanes * reductionLanes;
  SmallVector<Value> accumulators =
      buildLoop(builder, loc, 0, whole, reductionLanes, carried, [&](Value iv, ValueRange inner) {
        ivs[*vectorLoop] = iv;
        return emitBody(inner, reductionLanes);
      });
  if (whole == extent)
    return accumulators;
  ivs[*vectorLoop] = constant(whole);
  SmallVector<Value> first = llvm::map_to_vector(accumulators, [&](Value accumulator) -> Value {
    return vector::ExtractStridedSliceOp::create(builder, loc, accumulator, 0, extent - whole, 1);
  });
  SmallVector<Value> rest = emitBody(first, extent - whole);
  for (auto [accumulator, value] : llvm::zip_equal(accumulators, rest))
    accumulator = vector::InsertStridedSliceOp::create(builder, loc, value, accumulator, 0, 1);
  return accumulators;
}

void GenericEmitter::emitLaneSums() {
  SmallVector<Combiner> combiners = llvm::map_to_vector(sums, [&](OpOperand *sum) { return *matchCombiner(op, sum); });
  SmallVector<Value> neutral = llvm::map_to_vector(
      combiners, [&](const Combiner &combiner) { return getNeutralVector(builder, loc, combiner); });
  SmallVector<Value> accumulators = emitSums(sumLoops, neutral, reductionLanes);
  for (auto [sum, combiner, accumulator] : llvm::zip_equal(sums, combiners, accumulators)) {
    Value total = combineLanes(builder, loc, combiner, accumulator);
    VectorBody scalar = makeBody(0);
    scalar.store(sum, combine(builder, loc, combiner, scalar.load(sum), total));
  }
}

/// Iteration by iteration, in the order of the loops, through memory.
void GenericEmitter::emitScalar() {
  SmallVector<int64_t> inner = llvm::map_to_vector(sumLoops, [&](unsigned loop) { return extents[loop]; });
  buildLoopNest(builder, loc, inner, [&](ValueRange at) {
    for (auto [loop, iv] : llvm::zip_equal(sumLoops, at))
      ivs[loop] = iv;
    VectorBody body = makeBody(0);
    SmallVector<Value> results = body.emit();
    for (auto [output, value] : llvm::zip_equal(op.getDpsInitsMutable(), results))
      body.store(&output, value);
  });
}

GenericSchedule nn::scheduleGeneric(linalg::GenericOp op, const CpuTarget &target) {
  OpBuilder builder(op);
  return GenericEmitter(builder, op, target).getSchedule();
}

void nn::emitGenericLoops(RewriterBase &rewriter, linalg::GenericOp op, const CpuTarget &target) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  GenericEmitter(rewriter, op, target).emit();
}
