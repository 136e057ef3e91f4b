// The loops of a contraction: parallel blocks of tiles; tiles; and for each tile its accumulators through all sums.
//
// Where many tiles of rows use the same columns of b, the sum goes block by block, and what a block needs of the
// operands is copied to where caches hold it. Where loops around the contraction use the same b again and again, as a
// recurrence does, all of b's panels are made once before them.
//
// ContractionSchedule.h says in which order the terms of an element are added; it does not depend on the tiles.
#include "codegen/cpu/ContractionKernel.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/ContractionEmitter.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/PartialVector.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

// Terms from which on those that fill no turn are worth a loop of their own.
static constexpr int64_t minTermsForTurns = 32;

ContractionEmitter::ContractionEmitter(OpBuilder &builder, const ContractionGroup &group, const CpuTarget &target)
    : IndexEmitter(builder, getGroupLocation(group)), group(group), contraction(group.contraction), target(target),
      schedule(scheduleContraction(contraction, target)),
      elementType(cast<MemRefType>(contraction.c->get().getType()).getElementType()),
      lanes(target.getLanes(elementType)), vectorType(VectorType::get(lanes, elementType)),
      ivs(contraction.extents.size()) {
  SmallVector<Operation *> members = group.getOps();
  for (Operation *member : members)
    for (Value output : cast<linalg::GenericOp>(member).getDpsInits())
      if (isOnlyUsedBy(output, members))
        unseen.push_back(output);
}

void ContractionEmitter::emit() {
  if (schedule.panels == PanelsOfB::shared)
    makeSharedPanels();
  SmallVector<int64_t> extents =
      llvm::map_to_vector(schedule.outerLoops, [&](unsigned loop) { return contraction.getExtent(loop); });
  if (!schedule.isParallel) {
    buildLoopNest(builder, loc, extents, [&](ValueRange outer) {
      for (auto [loop, iv] : llvm::zip_equal(schedule.outerLoops, outer))
        ivs[loop] = iv;
      emitTask(constant(0));
    });
    return;
  }
  int64_t tasks = schedule.rowTasks * schedule.columnTasks, numOuter = contraction.getNumPoints(schedule.outerLoops);
  buildParallelPieces(builder, loc, numOuter * tasks, 1, [&](Value task, Value) {
    Value tasksPerPoint = constant(tasks);
    delinearize(builder, loc, computeIndex<arith::DivUIOp>(builder, loc, task, tasksPerPoint), schedule.outerLoops,
                contraction.extents, ivs);
    emitTask(computeIndex<arith::RemUIOp>(builder, loc, task, tasksPerPoint));
  });
}

/// Tiles [begin, end) of `total` for task `task` of `tasks`: the first ones have one more where they do not go up.
static std::pair<Value, Value> getShare(OpBuilder &builder, Location loc, Value task, int64_t tasks, int64_t total) {
  if (tasks == 1)
    return {getIndexConstant(builder, loc, 0), getIndexConstant(builder, loc, total)};
  auto getBegin = [&](Value task) -> Value {
    Value begin = arith::MulIOp::create(builder, loc, task, getIndexConstant(builder, loc, total / tasks));
    if (total % tasks == 0)
      return begin;
    Value larger = arith::MinUIOp::create(builder, loc, task, getIndexConstant(builder, loc, total % tasks));
    return arith::AddIOp::create(builder, loc, begin, larger);
  };
  Value next = arith::AddIOp::create(builder, loc, task, getIndexConstant(builder, loc, 1));
  return {getBegin(task), getBegin(next)};
}

/// Task `task` of one point of the outer loops.
void ContractionEmitter::emitTask(Value task) {
  Value count = constant(schedule.columnTasks);
  Value columnTask = computeIndex<arith::RemUIOp>(builder, loc, task, count);
  Value rowTask = computeIndex<arith::DivUIOp>(builder, loc, task, count);
  const RegisterTiling &tiling = schedule.tiling;
  auto [rowBegin, rowEnd] = getShare(builder, loc, rowTask, schedule.rowTasks, tiling.getNumRowTiles());
  auto [columnBegin, columnEnd] = getShare(builder, loc, columnTask, schedule.columnTasks, tiling.getNumColumnTiles());
  if (schedule.goesByBlocks())
    return emitBlocks(rowBegin, rowEnd, columnBegin, columnEnd);
  auto emitTile = [&](Value row, int64_t numRows, Value column, int64_t numColumns) {
    enterTile(row, numRows, column, numColumns);
    emitWholeTile();
  };
  Value firstRowTile = rowBegin, lastRowTile = rowEnd, firstColumnTile = columnBegin, lastColumnTile = columnEnd;
  if (schedule.goesByRows)
    return emitTiles(tiling.rows, firstRowTile, lastRowTile, [&](Value, Value row, int64_t numRows) {
      emitTiles(tiling.columns, firstColumnTile, lastColumnTile,
                [&](Value, Value column, int64_t numColumns) { emitTile(row, numRows, column, numColumns); });
    });
  emitTiles(tiling.columns, firstColumnTile, lastColumnTile, [&](Value, Value column, int64_t numColumns) {
    emitTiles(tiling.rows, firstRowTile, lastRowTile,
              [&](Value, Value row, int64_t numRows) { emitTile(row, numRows, column, numColumns); });
  });
}

void ContractionEmitter::emitTiles(ArrayRef<TileRun> runs, Value begin, Value end, TileBody body) {
  for (const TileRun &run : runs) {
    Value first = constant(run.firstTile), last = constant(run.firstTile + run.count);
    Value from = computeIndex<arith::MaxUIOp>(builder, loc, begin, first);
    Value to = computeIndex<arith::MinUIOp>(builder, loc, end, last);
    buildLoop(builder, loc, from, to, 1, [&](Value tile) {
      Value number = computeIndex<arith::SubIOp>(builder, loc, tile, first);
      Value start = computeIndex<arith::MulIOp>(builder, loc, number, constant(run.size));
      body(tile, addIndex(builder, loc, start, run.start), run.size);
    });
  }
}

SmallVector<Value> ContractionEmitter::getIvs(const Piece &piece) {
  SmallVector<Value> at(ivs);
  if (schedule.rowLoop)
    at[*schedule.rowLoop] = addIndex(builder, loc, at[*schedule.rowLoop], piece.row);
  at[contraction.vectorLoop] = addIndex(builder, loc, at[contraction.vectorLoop], piece.column);
  return at;
}

/// Elements of the vectors that a piece is computed in.
int64_t ContractionEmitter::getWidth(const Piece &piece) { return prefersWholeRegisters(target) ? lanes : piece.lanes; }

/// `op` at the elements of `piece`: the contraction itself, or a neighbour, whose loops are the result's dimensions.
VectorBody ContractionEmitter::makeBody(linalg::GenericOp op, const Piece &piece) {
  SmallVector<Value> at = getIvs(piece);
  int64_t width = getWidth(piece);
  if (op == contraction.op)
    return VectorBody(builder, target, op, at, contraction.vectorLoop, width, piece.lanes);
  AffineMap map = linalg::GenericOp(contraction.op).getMatchingIndexingMap(contraction.c);
  SmallVector<Value> resultAt;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    resultAt.push_back(at[map.getDimPosition(i)]);
  return VectorBody(builder, target, op, resultAt, contraction.vectorDim, width, piece.lanes);
}

void ContractionEmitter::enterTile(Value row, int64_t numRows, Value column, int64_t numColumns) {
  if (schedule.rowLoop)
    ivs[*schedule.rowLoop] = row;
  ivs[contraction.vectorLoop] = column;
  tileRows = numRows;
  tileWidth = llvm::alignTo(numColumns, lanes);
  pieces.clear();
  for (int64_t r = 0; r < numRows; ++r)
    for (auto [offset, width] : cutIntoVectors(numColumns, lanes))
      pieces.push_back({r, offset, width});
}

/// All terms of the tile's sums at once, b being read where it lies.
void ContractionEmitter::emitWholeTile() {
  SmallVector<Value> initial = getInitial();
  emitEpilogues(schedule.panels == PanelsOfB::lanes ? emitLaneSums(initial) : emitSums(contraction.sums, initial));
}

/// What the sums begin with, in whole registers: parts of them would be other registers to the register allocator.
SmallVector<Value> ContractionEmitter::getInitial() {
  return llvm::map_to_vector(pieces, [&](const Piece &piece) {
    if (!group.prologue)
      return widen(makeBody(contraction.op, piece).load(contraction.c));
    VectorBody body = makeBody(group.prologue, piece);
    return widen(body.broadcast(body.emit().front()));
  });
}

SmallVector<Value> ContractionEmitter::emitSums(ArrayRef<unsigned> loops, ValueRange accumulators) {
  if (loops.empty())
    return emitStep(accumulators, [&](const Piece &piece) { return loadB(piece); });
  auto body = [&](Value iv, ValueRange carried) {
    ivs[loops.front()] = iv;
    return emitSums(loops.drop_front(), carried);
  };
  if (loops.size() == 1 && schedule.panels == PanelsOfB::transposed)
    return emitTransposedTerms(accumulators, body);
  if (loops.size() == 1)
    return emitTerms(constant(0), constant(contraction.getExtent(loops.front())), accumulators, body);
  return buildLoop(builder, loc, 0, contraction.getExtent(loops.front()), 1, accumulators, body);
}

/// A vector of b at the current term, from where it lies.
Value ContractionEmitter::loadB(const Piece &piece) {
  VectorBody body = makeBody(contraction.op, piece);
  return widen(body.broadcast(body.load(contraction.b)));
}

/// Terms of the innermost sum: several a turn of the loop, and one by one those that fill no turn.
SmallVector<Value> ContractionEmitter::emitTerms(Value begin, Value end, ValueRange accumulators,
                                                 CarryingLoopBody body) {
  int64_t extent = contraction.getExtent(contraction.sums.back());
  auto emitTurns = [&](Value from, Value to, int64_t turn, ValueRange initial) {
    return buildLoop(builder, loc, from, to, turn, initial, [&](Value iv, ValueRange carried) {
      SmallVector<Value> sums(carried);
      if (turn == termsPerTurn)
        prefetchLines(iv);
      for (int64_t i = 0; i < turn; ++i)
        sums = body(addIndex(builder, loc, iv, i), sums);
      return sums;
    });
  };
  // Blocks of the sum are whole turns but for the last one.
  if (extent % termsPerTurn == 0)
    return emitTurns(begin, end, termsPerTurn, accumulators);
  if (extent < minTermsForTurns)
    return emitTurns(begin, end, 1, accumulators);
  Value length = computeIndex<arith::SubIOp>(builder, loc, end, begin);
  Value rest = computeIndex<arith::RemUIOp>(builder, loc, length, constant(termsPerTurn));
  Value whole = computeIndex<arith::SubIOp>(builder, loc, end, rest);
  return emitTurns(whole, end, 1, emitTurns(begin, whole, termsPerTurn, accumulators));
}

/// One term of all the tile's sums.
SmallVector<Value> ContractionEmitter::emitStep(ValueRange accumulators,
                                                llvm::function_ref<Value(const Piece &)> load) {
  SmallVector<Value> next;
  DenseMap<int64_t, Value> columns;
  for (const Piece &piece : pieces)
    if (piece.row == 0)
      columns[piece.column] = load(piece);
  Value a;
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators)) {
    if (piece.column == 0)
      a = loadA(piece);
    Value scaled = vector::BroadcastOp::create(builder, loc, accumulator.getType(), a);
    next.push_back(multiplyAdd(scaled, columns[piece.column], accumulator));
  }
  return next;
}

Value ContractionEmitter::multiplyAdd(Value a, Value b, Value c) {
  if (isa<FloatType>(elementType))
    return math::FmaOp::create(builder, loc, a, b, c);
  return arith::AddIOp::create(builder, loc, c, arith::MulIOp::create(builder, loc, a, b));
}

/// What is computed along with a tile, and its results' way to memory.
void ContractionEmitter::emitEpilogues(ValueRange accumulators) {
  SmallVector<TileValue> tile = {{contraction.c, {}}};
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators))
    tile.front().vectors.push_back(narrow(accumulator, getWidth(piece)));
  auto find = [&](Value memref) {
    return llvm::find_if(tile, [&](const TileValue &value) { return isSameView(value.output->get(), memref); });
  };
  for (linalg::GenericOp epilogue : group.epilogues) {
    SmallVector<TileValue> written;
    for (OpOperand &output : epilogue.getDpsInitsMutable())
      written.push_back({&output, {}});
    for (auto [number, piece] : llvm::enumerate(pieces)) {
      VectorBody body = makeBody(epilogue, piece);
      for (OpOperand &operand : epilogue->getOpOperands())
        if (auto known = find(operand.get()); known != tile.end())
          body.bind(operand.getOperandNumber(), known->vectors[number]);
      for (auto [value, output] : llvm::zip_equal(body.emit(), written))
        output.vectors.push_back(body.broadcast(value));
    }
    for (TileValue &output : written) {
      if (auto known = find(output.output->get()); known != tile.end())
        *known = output;
      else
        tile.push_back(output);
    }
  }
  for (const TileValue &value : tile) {
    if (llvm::is_contained(unseen, value.output->get()))
      continue;
    for (auto [piece, vector] : llvm::zip_equal(pieces, value.vectors))
      makeBody(cast<linalg::GenericOp>(value.output->getOwner()), piece).store(value.output, vector);
  }
}

void nn::emitContraction(RewriterBase &rewriter, const ContractionGroup &group, const CpuTarget &target) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(group.getLast());
  ContractionEmitter(rewriter, group, target).emit();
}
