// The loops of a contraction: parallel blocks of tiles; tiles; and for each
// tile its accumulators through all sums.
//
// Every element of the result is one chain of FMAs in increasing order of the
// sum's loops, whatever the tiles are.
#include "codegen/cpu/ContractionKernel.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/RegisterTile.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

// Below this many multiply-adds a task is not worth handing to another thread.
static constexpr int64_t multiplyAddsPerTask = 1 << 18;
static constexpr int64_t maxTasks = 64;

namespace {

class ContractionEmitter {
public:
  ContractionEmitter(OpBuilder &builder, const ContractionGroup &group,
                     const CpuTarget &target)
      : builder(builder), loc(group.contraction.op->getLoc()), group(group),
        contraction(group.contraction),
        elementType(
            cast<MemRefType>(contraction.c->get().getType()).getElementType()),
        lanes(target.getLanes(elementType)), ivs(contraction.extents.size()) {
    chooseLoops();
    tiling = chooseRegisterTiling(
        target, lanes, rowLoop ? contraction.getExtent(*rowLoop) : 1,
        contraction.getExtent(contraction.vectorLoop), getNumSums());
    SmallVector<Operation *> members = group.getOps();
    for (Operation *member : members)
      for (Value output : cast<linalg::GenericOp>(member).getDpsInits())
        if (isOnlyUsedBy(output, members))
          unseen.push_back(output);
  }

  void emit();

private:
  /// The elements of one tile held in registers, for each buffer that the group
  /// writes.
  struct TileValue {
    OpOperand *output;
    SmallVector<Value> vectors;
  };
  struct Piece {
    int64_t row, column, lanes;
  };

  void chooseLoops();
  int64_t getNumSums() const {
    int64_t product = 1;
    for (unsigned loop : contraction.sums)
      product *= contraction.getExtent(loop);
    return product;
  }
  int64_t getNumOuter() const {
    int64_t product = 1;
    for (unsigned loop : outerLoops)
      product *= contraction.getExtent(loop);
    return product;
  }

  void emitTask(Value task, int64_t rowTasks, int64_t columnTasks);
  void emitTiles(ArrayRef<TileRun> runs, Value begin, Value end,
                 llvm::function_ref<void(Value, int64_t)> body);
  void emitTile(Value row, int64_t numRows, Value column, int64_t numColumns);
  SmallVector<Value> emitSums(ArrayRef<unsigned> loops,
                              ValueRange accumulators);
  SmallVector<Value> emitStep(ValueRange accumulators);
  SmallVector<Value> getInitial();
  void emitEpilogues(SmallVector<Value> accumulators);
  Value multiplyAdd(Value a, Value b, Value c);

  VectorBody makeBody(linalg::GenericOp op, const Piece &piece);
  SmallVector<Value> getIvs(const Piece &piece);

  OpBuilder &builder;
  Location loc;
  const ContractionGroup &group;
  Contraction contraction;
  Type elementType;
  int64_t lanes;
  /// Loops around all tiles; one of the rows' loops runs through a tile's rows.
  SmallVector<unsigned> outerLoops;
  std::optional<unsigned> rowLoop;
  RegisterTiling tiling;

  /// Where the emitted code stands: an index for each loop, and the vectors of
  /// the tile it computes.
  SmallVector<Value> ivs;
  SmallVector<Piece> pieces;
  /// Buffers that nobody but the group sees: nothing is stored there.
  SmallVector<Value> unseen;
};

} // namespace

void ContractionEmitter::chooseLoops() {
  for (unsigned loop : contraction.rows)
    if (!rowLoop ||
        contraction.getExtent(loop) > contraction.getExtent(*rowLoop))
      rowLoop = loop;
  for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
    if (loop != rowLoop && loop != contraction.vectorLoop &&
        !llvm::is_contained(contraction.sums, loop))
      outerLoops.push_back(loop);
}

/// Into how many equal shares, the last one possibly smaller, `total` tiles go
/// where `wanted` are wanted.
static int64_t getNumShares(int64_t total, int64_t wanted) {
  return llvm::divideCeil(
      total, llvm::divideCeil(total, std::min<int64_t>(total, wanted)));
}

void ContractionEmitter::emit() {
  int64_t rowTiles = tiling.getNumRowTiles(),
          columnTiles = tiling.getNumColumnTiles();
  int64_t work = 1;
  for (int64_t extent : contraction.extents)
    work *= extent;
  int64_t wanted =
      isInsideParallelLoop(contraction.op)
          ? 1
          : std::clamp<int64_t>(work / multiplyAddsPerTask, 1, maxTasks);
  // Tasks by columns first: each then reads its own part of b, and a is the
  // smaller one as a rule.
  int64_t perOuter = llvm::divideCeil(wanted, getNumOuter());
  int64_t columnTasks = getNumShares(columnTiles, perOuter);
  int64_t rowTasks =
      getNumShares(rowTiles, llvm::divideCeil(perOuter, columnTasks));
  int64_t tasks = wanted == 1 ? 1 : getNumOuter() * columnTasks * rowTasks;
  if (tasks == 1) {
    SmallVector<int64_t> extents = llvm::map_to_vector(
        outerLoops, [&](unsigned loop) { return contraction.getExtent(loop); });
    buildLoopNest(builder, loc, extents, [&](ValueRange outer) {
      for (auto [loop, iv] : llvm::zip_equal(outerLoops, outer))
        ivs[loop] = iv;
      emitTask(getIndexConstant(builder, loc, 0), 1, 1);
    });
    return;
  }
  buildParallelPieces(builder, loc, tasks, 1, [&](Value task, Value) {
    Value tasksPerPoint =
        getIndexConstant(builder, loc, rowTasks * columnTasks);
    delinearize(builder, loc,
                builder.createOrFold<arith::DivUIOp>(loc, task, tasksPerPoint),
                outerLoops, contraction.extents, ivs);
    emitTask(builder.createOrFold<arith::RemUIOp>(loc, task, tasksPerPoint),
             rowTasks, columnTasks);
  });
}

/// Tiles [begin, end) of `total` for task `task` of `tasks`.
static std::pair<Value, Value> getShare(OpBuilder &builder, Location loc,
                                        Value task, int64_t tasks,
                                        int64_t total) {
  int64_t share = llvm::divideCeil(total, tasks);
  Value size = getIndexConstant(builder, loc, share),
        all = getIndexConstant(builder, loc, total);
  if (tasks == 1)
    return {getIndexConstant(builder, loc, 0), all};
  Value begin = arith::MulIOp::create(builder, loc, task, size);
  Value end = arith::AddIOp::create(builder, loc, begin, size);
  if (total % share != 0 || tasks * share != total)
    end = arith::MinUIOp::create(builder, loc, end, all);
  return {begin, end};
}

void ContractionEmitter::emitTask(Value task, int64_t rowTasks,
                                  int64_t columnTasks) {
  Value count = getIndexConstant(builder, loc, columnTasks);
  Value columnTask = builder.createOrFold<arith::RemUIOp>(loc, task, count);
  Value rowTask = builder.createOrFold<arith::DivUIOp>(loc, task, count);
  auto [rowBegin, rowEnd] =
      getShare(builder, loc, rowTask, rowTasks, tiling.getNumRowTiles());
  auto [columnBegin, columnEnd] = getShare(
      builder, loc, columnTask, columnTasks, tiling.getNumColumnTiles());
  emitTiles(tiling.columns, columnBegin, columnEnd,
            [&, rowBegin = rowBegin, rowEnd = rowEnd](Value column,
                                                      int64_t numColumns) {
              emitTiles(tiling.rows, rowBegin, rowEnd,
                        [&](Value row, int64_t numRows) {
                          emitTile(row, numRows, column, numColumns);
                        });
            });
}

void ContractionEmitter::emitTiles(
    ArrayRef<TileRun> runs, Value begin, Value end,
    llvm::function_ref<void(Value, int64_t)> body) {
  for (const TileRun &run : runs) {
    Value first = getIndexConstant(builder, loc, run.firstTile);
    Value last = getIndexConstant(builder, loc, run.firstTile + run.count);
    Value from = builder.createOrFold<arith::MaxUIOp>(loc, begin, first);
    Value to = builder.createOrFold<arith::MinUIOp>(loc, end, last);
    buildLoop(builder, loc, from, to, 1, [&](Value tile) {
      Value number = builder.createOrFold<arith::SubIOp>(loc, tile, first);
      Value start = builder.createOrFold<arith::MulIOp>(
          loc, number, getIndexConstant(builder, loc, run.size));
      body(addIndex(builder, loc, start, run.start), run.size);
    });
  }
}

SmallVector<Value> ContractionEmitter::getIvs(const Piece &piece) {
  SmallVector<Value> at(ivs);
  if (rowLoop)
    at[*rowLoop] = addIndex(builder, loc, at[*rowLoop], piece.row);
  at[contraction.vectorLoop] =
      addIndex(builder, loc, at[contraction.vectorLoop], piece.column);
  return at;
}

/// `op` at the elements of `piece`: the contraction itself, or a neighbour,
/// whose loops are the result's dimensions.
VectorBody ContractionEmitter::makeBody(linalg::GenericOp op,
                                        const Piece &piece) {
  SmallVector<Value> at = getIvs(piece);
  if (op == contraction.op)
    return VectorBody(builder, op, at, contraction.vectorLoop, piece.lanes);
  AffineMap map = contraction.op.getMatchingIndexingMap(contraction.c);
  SmallVector<Value> resultAt;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    resultAt.push_back(at[map.getDimPosition(i)]);
  return VectorBody(builder, op, resultAt, map.getNumResults() - 1,
                    piece.lanes);
}

void ContractionEmitter::emitTile(Value row, int64_t numRows, Value column,
                                  int64_t numColumns) {
  if (rowLoop)
    ivs[*rowLoop] = row;
  ivs[contraction.vectorLoop] = column;
  for (unsigned loop : contraction.sums)
    ivs[loop] = nullptr;
  pieces.clear();
  for (int64_t r = 0; r < numRows; ++r)
    for (auto [offset, width] : cutIntoVectors(numColumns, lanes))
      pieces.push_back({r, offset, width});
  emitEpilogues(emitSums(contraction.sums, getInitial()));
}

SmallVector<Value> ContractionEmitter::getInitial() {
  return llvm::map_to_vector(pieces, [&](const Piece &piece) {
    if (!group.prologue)
      return makeBody(contraction.op, piece).load(contraction.c);
    VectorBody body = makeBody(group.prologue, piece);
    return body.broadcast(body.emit().front());
  });
}

SmallVector<Value> ContractionEmitter::emitSums(ArrayRef<unsigned> loops,
                                                ValueRange accumulators) {
  if (loops.empty())
    return emitStep(accumulators);
  return buildLoop(builder, loc, 0, contraction.getExtent(loops.front()), 1,
                   accumulators, [&](Value iv, ValueRange carried) {
                     ivs[loops.front()] = iv;
                     return emitSums(loops.drop_front(), carried);
                   });
}

SmallVector<Value> ContractionEmitter::emitStep(ValueRange accumulators) {
  SmallVector<Value> next;
  DenseMap<int64_t, Value> columns;
  for (const Piece &piece : pieces)
    if (piece.row == 0)
      columns[piece.column] =
          makeBody(contraction.op, piece).load(contraction.b);
  Value a;
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators)) {
    VectorBody body = makeBody(contraction.op, piece);
    if (piece.column == 0)
      a = body.load(contraction.a);
    next.push_back(
        multiplyAdd(body.broadcast(a), columns[piece.column], accumulator));
  }
  return next;
}

Value ContractionEmitter::multiplyAdd(Value a, Value b, Value c) {
  if (isa<FloatType>(elementType))
    return math::FmaOp::create(builder, loc, a, b, c);
  return arith::AddIOp::create(builder, loc, c,
                               arith::MulIOp::create(builder, loc, a, b));
}

void ContractionEmitter::emitEpilogues(SmallVector<Value> accumulators) {
  SmallVector<TileValue> tile = {{contraction.c, std::move(accumulators)}};
  auto find = [&](Value memref) {
    return llvm::find_if(tile, [&](const TileValue &value) {
      return isSameView(value.output->get(), memref);
    });
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
      makeBody(cast<linalg::GenericOp>(value.output->getOwner()), piece)
          .store(value.output, vector);
  }
}

void nn::emitContraction(RewriterBase &rewriter, const ContractionGroup &group,
                         const CpuTarget &target) {
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPointAfter(group.getLast());
  ContractionEmitter(rewriter, group, target).emit();
}
