// The first factor's way through shared memory; see StreamEmitter.h.
#include "codegen/gpu/StreamEmitter.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::nn;

/// Parts of the first factor that are on their way or being read, at most; the bytes of one, about; and the terms of
/// which it has no fewer where there is room. Threads wait for each other at each.
static constexpr int64_t mostStages = 4, stageBytes = 20 << 10, stageTerms = 64;

std::optional<Stages> nn::chooseStages(const Contraction &contraction, const SharedMemory &shared, int64_t multiple) {
  int64_t rows = contraction.getNumPoints(contraction.rows), terms = contraction.getNumTerms();
  Type element = Float32Type::get(contraction.op->getContext());
  for (int64_t each = terms / multiple * multiple; each >= multiple; each -= multiple) {
    if (terms % each != 0 || (rows * each * 4 > stageBytes && each > stageTerms))
      continue;
    for (int64_t count = std::min(mostStages, terms / each); count > (each < terms ? 1 : 0); --count) {
      // Rows apart by such a number of elements that vectors of eight of them lie in different banks.
      auto type = MemRefType::get({count, rows, each + vectorElements}, element);
      if (shared.hasRoomFor(type))
        return Stages{count, each, type};
    }
  }
  return std::nullopt;
}

bool nn::isStreamable(const Contraction &contraction) {
  auto isAlongSum = [&](OpOperand *operand) {
    return getElementTypeOrSelf(operand->get().getType()).isF32() && hasVectorRows(operand->get()) &&
           getStrideAlong(operand, contraction.sums[0]) == 1;
  };
  linalg::GenericOp op = contraction.op;
  bool isPlain = llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); });
  return isa<scf::ForOp>(op->getParentOp()) && contraction.hasOneB() && contraction.rows.size() <= 1 && isPlain &&
         !isShared(contraction.a->get()) && isAlongSum(contraction.a) && isAlongSum(contraction.b) &&
         getElementTypeOrSelf(contraction.c->get().getType()).isF32();
}

StreamEmitter::StreamEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill,
                             Threads threads, const Stages &stages, SharedMemory &shared)
    : IndexEmitter(builder, contraction.op->getLoc()), contraction(contraction), op(contraction.op), fill(fill),
      threads(threads), stages(stages), ivs(op.getNumLoops()), numRows(contraction.getNumPoints(contraction.rows)),
      numColumns(contraction.getNumPoints(contraction.columns)), numStages(contraction.getNumTerms() / stages.terms),
      parts(shared.allocate(builder, loc, stages.type)), copies(builder, loc) {}

void StreamEmitter::emit() {
  enterThread();
  // Until all have read what the stages held before.
  gpu::BarrierOp::create(builder, loc);
  for (int64_t stage = 0; stage < stages.count - 1; ++stage)
    startCopy(constant(stage), constant(stage));
  if (stages.count == 1)
    startCopy(constant(0), constant(0));
  SmallVector<Value> sums = ifHasPart([&] { return getInitial(); }, [&] { return getZeros(); });
  sums = buildLoop(builder, loc, 0, numStages, 1, sums, [&](Value stage, ValueRange carried) {
    copies.wait(std::max<int64_t>(stages.count - 2, 0));
    gpu::BarrierOp::create(builder, loc);
    // Into the place that all have read before the barrier.
    if (stages.count > 1)
      startNext(addIndex(builder, loc, stage, stages.count - 1));
    Value place = remainder(stage, stages.count);
    return ifHasPart([&] { return addStage(stage, place, carried); }, [&] { return SmallVector<Value>(carried); });
  });
  finish(sums);
}

/// On threads that have a part of the result, and on the others.
SmallVector<Value> StreamEmitter::ifHasPart(llvm::function_ref<SmallVector<Value>()> yes,
                                            llvm::function_ref<SmallVector<Value>()> no) {
  if (!hasPart)
    return yes();
  return buildIf(builder, loc, hasPart, SmallVector<Type>(countSums(), builder.getF32Type()), yes, no);
}

SmallVector<Value> StreamEmitter::getIndices(OpOperand *operand, Value row, Value column, Value term) {
  if (!contraction.rows.empty())
    ivs[contraction.rows[0]] = row;
  ivs[contraction.columns[0]] = column;
  ivs[contraction.sums[0]] = term;
  SmallVector<Value> at;
  for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
    at.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
  return at;
}

Value StreamEmitter::loadInitial(Value row, Value column) {
  SmallVector<Value> at = getIndices(contraction.c, row, column, {});
  if (fill)
    return VectorBody(builder, noVectors, fill, at, 0, 0).emit().front();
  return memref::LoadOp::create(builder, loc, contraction.c->get(), at);
}

SmallVector<Value> StreamEmitter::getZeros() {
  Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
  return SmallVector<Value>(countSums(), zero);
}

/// Copies the terms of a stage to `place`, as a group of its own.
void StreamEmitter::startCopy(Value stage, Value place) {
  int64_t vectors = stages.terms / vectorElements;
  forEachPoint(builder, loc, numRows * vectors, threads, [&](Value vector) {
    Value row = divide(vector, vectors), first = multiply(remainder(vector, vectors), vectorElements);
    Value term = add(multiply(stage, stages.terms), first);
    copies.start(parts, {place, row, first}, contraction.a->get(), getIndices(contraction.a, row, {}, term),
                 vectorElements);
  });
  copies.endGroup();
}

/// Where there is such a stage; a group in any case, as waiting counts them.
void StreamEmitter::startNext(Value stage) {
  buildIf(
      builder, loc, isBelow(stage, numStages), [&] { startCopy(stage, remainder(stage, stages.count)); },
      [&] { copies.endGroup(); });
}
