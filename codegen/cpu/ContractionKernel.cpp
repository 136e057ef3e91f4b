// The loops of a contraction: parallel blocks of tiles; tiles; and for each
// tile its accumulators through all sums.
//
// Where many tiles of rows use the same columns of b, these columns are copied into a panel that stays in the first
// cache, a block of the sum at a time. Where loops around the contraction use the same b again and again, as a
// recurrence does, all panels are made once before them.
//
// Every element of the result is one chain of FMAs in increasing order of the
// sum's loops, whatever the tiles are.
#include "codegen/cpu/ContractionKernel.h"
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/RegisterTile.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

// Below this many multiply-adds a task is not worth handing to another thread.
static constexpr int64_t multiplyAddsPerTask = 1 << 18;
static constexpr int64_t maxTasks = 64;

// Tiles of rows that use a packed panel until the copy has paid off.
static constexpr int64_t minRowTilesToPack = 6;

// What one task copies of panels that are made before a loop.
static constexpr int64_t bytesPerPackingTask = 64 << 10;

namespace {

/// One row of a tile, one vector of columns: offsets in the tile, and how many lanes count.
struct Piece {
  int64_t row, column, lanes;
};

/// The elements of one tile held in registers, for a buffer that the group writes.
struct TileValue {
  OpOperand *output;
  SmallVector<Value> vectors;
};

class ContractionEmitter {
public:
  ContractionEmitter(OpBuilder &builder, const ContractionGroup &group, const CpuTarget &target);

  void emit();

private:
  void chooseLoops();
  void choosePacking(int64_t rowTilesPerTask);
  int64_t getNumSums() const { return getProduct(contraction.sums); }
  int64_t getProduct(ArrayRef<unsigned> loops) const {
    int64_t product = 1;
    for (unsigned loop : loops)
      product *= contraction.getExtent(loop);
    return product;
  }

  void emitTask(Value task, int64_t rowTasks, int64_t columnTasks);
  using TileBody = llvm::function_ref<void(Value tile, Value start, int64_t size)>;
  void emitTiles(ArrayRef<TileRun> runs, Value begin, Value end, TileBody body);
  void enterTile(Value row, int64_t numRows, Value column, int64_t numColumns);
  void emitWholeTile();
  SmallVector<Value> getInitial();
  SmallVector<Value> emitSums(ArrayRef<unsigned> loops, ValueRange accumulators);
  SmallVector<Value> emitStep(ValueRange accumulators, llvm::function_ref<Value(const Piece &)> loadB);
  void emitEpilogues(SmallVector<Value> accumulators);
  Value multiplyAdd(Value a, Value b, Value c);

  void emitPackedColumns(Value column, int64_t numColumns, Value rowBegin, Value rowEnd);
  using PanelPlace = llvm::function_ref<SmallVector<Value>(Value term, const Piece &piece)>;
  void packPanel(Value column, int64_t numColumns, Value begin, Value length, Value target, PanelPlace place);
  void makeSharedPanels();
  void emitPackedTile();
  Value getSharedPlace(const Piece &piece);
  Value getRowStart(Value rowTile);
  Value getPartialRow(const Piece &piece);
  SmallVector<Value> loadPartial();
  void storePartial(ValueRange accumulators);
  Value widen(Value vector);
  Value narrow(Value vector, int64_t width);

  VectorBody makeBody(linalg::GenericOp op, const Piece &piece);
  SmallVector<Value> getIvs(const Piece &piece);
  Value constant(int64_t value) { return getIndexConstant(builder, loc, value); }

  OpBuilder &builder;
  Location loc;
  const ContractionGroup &group;
  Contraction contraction;
  const CpuTarget &target;
  Type elementType;
  int64_t lanes;
  VectorType vectorType;
  /// Loops around all tiles; one of the rows' loops runs through a tile's rows.
  SmallVector<unsigned> outerLoops;
  std::optional<unsigned> rowLoop;
  RegisterTiling tiling;
  /// Buffers that nobody but the group sees: nothing is stored there.
  SmallVector<Value> unseen;

  /// Packing: a panel holds one tile's columns of b for `blockSums` terms of the sum; sums that take several blocks
  /// wait in `partial` between them.
  bool isPacked = false;
  int64_t blockSums = 0, numBlocks = 0, panelWidth = 0;
  Value panel, partial;
  /// All of b as panels, one after the other, each [terms, columns of its tile]; null where b is read where it lies.
  Value sharedPanels;

  /// Where the emitted code stands: an index for each loop, the vectors of the tile and their width in b's panels, the
  /// block of the sum, the first row of the task.
  SmallVector<Value> ivs;
  SmallVector<Piece> pieces;
  int64_t tileWidth = 0;
  Value block, blockBegin, blockLength, firstRow;
};

} // namespace

ContractionEmitter::ContractionEmitter(OpBuilder &builder, const ContractionGroup &group, const CpuTarget &target)
    : builder(builder), loc(group.contraction.op->getLoc()), group(group), contraction(group.contraction),
      target(target), elementType(cast<MemRefType>(contraction.c->get().getType()).getElementType()),
      lanes(target.getLanes(elementType)), vectorType(VectorType::get(lanes, elementType)),
      ivs(contraction.extents.size()) {
  chooseLoops();
  tiling = chooseRegisterTiling(target, lanes, rowLoop ? contraction.getExtent(*rowLoop) : 1,
                                contraction.getExtent(contraction.vectorLoop), getNumSums());
  for (const TileRun &run : tiling.columns)
    panelWidth = std::max<int64_t>(panelWidth, llvm::alignTo(run.size, lanes));
  SmallVector<Operation *> members = group.getOps();
  for (Operation *member : members)
    for (Value output : cast<linalg::GenericOp>(member).getDpsInits())
      if (isOnlyUsedBy(output, members))
        unseen.push_back(output);
}

void ContractionEmitter::chooseLoops() {
  for (unsigned loop : contraction.rows)
    if (!rowLoop || contraction.getExtent(loop) > contraction.getExtent(*rowLoop))
      rowLoop = loop;
  for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
    if (loop != rowLoop && loop != contraction.vectorLoop && !llvm::is_contained(contraction.sums, loop))
      outerLoops.push_back(loop);
}

/// A panel of b is copied where enough tiles of rows use it, and b as a whole would not stay in the first cache anyway.
void ContractionEmitter::choosePacking(int64_t rowTilesPerTask) {
  int64_t bytes = llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
  int64_t columns = contraction.getExtent(contraction.vectorLoop);
  if (contraction.sums.empty() || rowTilesPerTask < minRowTilesToPack ||
      getNumSums() * columns * bytes <= target.l1Bytes / 2)
    return;
  isPacked = true;
  // A panel takes half of the first cache; the other half is for a's rows.
  int64_t extent = contraction.getExtent(contraction.sums.back());
  int64_t fitting = std::max<int64_t>(1, target.l1Bytes / 2 / (panelWidth * bytes));
  numBlocks = 2 * extent <= 3 * fitting ? 1 : llvm::divideCeil(extent, fitting);
  blockSums = llvm::divideCeil(extent, numBlocks);
  numBlocks = llvm::divideCeil(extent, blockSums) * (getNumSums() / extent);
}

/// Into how many equal shares, the last one possibly smaller, `total` tiles go where `wanted` are wanted.
static int64_t getNumShares(int64_t total, int64_t wanted) {
  return llvm::divideCeil(total, llvm::divideCeil(total, std::min<int64_t>(total, wanted)));
}

void ContractionEmitter::emit() {
  int64_t rowTiles = tiling.getNumRowTiles(), columnTiles = tiling.getNumColumnTiles();
  int64_t numOuter = getProduct(outerLoops), work = 1;
  for (int64_t extent : contraction.extents)
    work *= extent;
  int64_t wanted =
      isInsideParallelLoop(contraction.op) ? 1 : std::clamp<int64_t>(work / multiplyAddsPerTask, 1, maxTasks);
  // Tasks by columns first: each then reads its own part of b, and a is the smaller one as a rule.
  int64_t perOuter = llvm::divideCeil(wanted, numOuter);
  int64_t columnTasks = getNumShares(columnTiles, perOuter);
  int64_t rowTasks = getNumShares(rowTiles, llvm::divideCeil(perOuter, columnTasks));
  choosePacking(llvm::divideCeil(rowTiles, rowTasks));
  if (!isPacked)
    makeSharedPanels();
  if (wanted == 1) {
    SmallVector<int64_t> extents =
        llvm::map_to_vector(outerLoops, [&](unsigned loop) { return contraction.getExtent(loop); });
    buildLoopNest(builder, loc, extents, [&](ValueRange outer) {
      for (auto [loop, iv] : llvm::zip_equal(outerLoops, outer))
        ivs[loop] = iv;
      emitTask(constant(0), 1, 1);
    });
    return;
  }
  buildParallelPieces(builder, loc, numOuter * columnTasks * rowTasks, 1, [&](Value task, Value) {
    Value tasksPerPoint = constant(rowTasks * columnTasks);
    delinearize(builder, loc, builder.createOrFold<arith::DivUIOp>(loc, task, tasksPerPoint), outerLoops,
                contraction.extents, ivs);
    emitTask(builder.createOrFold<arith::RemUIOp>(loc, task, tasksPerPoint), rowTasks, columnTasks);
  });
}

/// Tiles [begin, end) of `total` for task `task` of `tasks`.
static std::pair<Value, Value> getShare(OpBuilder &builder, Location loc, Value task, int64_t tasks, int64_t total) {
  int64_t share = llvm::divideCeil(total, tasks);
  Value size = getIndexConstant(builder, loc, share), all = getIndexConstant(builder, loc, total);
  if (tasks == 1)
    return {getIndexConstant(builder, loc, 0), all};
  Value begin = arith::MulIOp::create(builder, loc, task, size);
  Value end = arith::AddIOp::create(builder, loc, begin, size);
  if (tasks * share != total)
    end = arith::MinUIOp::create(builder, loc, end, all);
  return {begin, end};
}

void ContractionEmitter::emitTask(Value task, int64_t rowTasks, int64_t columnTasks) {
  int64_t rowTiles = tiling.getNumRowTiles();
  Value count = constant(columnTasks);
  Value columnTask = builder.createOrFold<arith::RemUIOp>(loc, task, count);
  Value rowTask = builder.createOrFold<arith::DivUIOp>(loc, task, count);
  auto [rowBegin, rowEnd] = getShare(builder, loc, rowTask, rowTasks, rowTiles);
  auto [columnBegin, columnEnd] = getShare(builder, loc, columnTask, columnTasks, tiling.getNumColumnTiles());
  auto allocate = [&](int64_t rows) -> Value {
    auto type = MemRefType::get({rows, panelWidth}, elementType);
    return memref::AllocOp::create(builder, loc, type, builder.getI64IntegerAttr(64));
  };
  if (isPacked)
    panel = allocate(blockSums);
  if (isPacked && numBlocks > 1) {
    // Tiles come larger ones first: no task has more rows than the first.
    partial = allocate(getStart(tiling.rows, llvm::divideCeil(rowTiles, rowTasks)));
    firstRow = getRowStart(rowBegin);
  }
  Value firstTile = rowBegin, lastTile = rowEnd;
  emitTiles(tiling.columns, columnBegin, columnEnd, [&](Value, Value column, int64_t numColumns) {
    if (isPacked)
      return emitPackedColumns(column, numColumns, firstTile, lastTile);
    emitTiles(tiling.rows, firstTile, lastTile, [&](Value, Value row, int64_t numRows) {
      enterTile(row, numRows, column, numColumns);
      emitWholeTile();
    });
  });
}

void ContractionEmitter::emitTiles(ArrayRef<TileRun> runs, Value begin, Value end, TileBody body) {
  for (const TileRun &run : runs) {
    Value first = constant(run.firstTile), last = constant(run.firstTile + run.count);
    Value from = builder.createOrFold<arith::MaxUIOp>(loc, begin, first);
    Value to = builder.createOrFold<arith::MinUIOp>(loc, end, last);
    buildLoop(builder, loc, from, to, 1, [&](Value tile) {
      Value number = builder.createOrFold<arith::SubIOp>(loc, tile, first);
      Value start = builder.createOrFold<arith::MulIOp>(loc, number, constant(run.size));
      body(tile, addIndex(builder, loc, start, run.start), run.size);
    });
  }
}

SmallVector<Value> ContractionEmitter::getIvs(const Piece &piece) {
  SmallVector<Value> at(ivs);
  if (rowLoop)
    at[*rowLoop] = addIndex(builder, loc, at[*rowLoop], piece.row);
  at[contraction.vectorLoop] = addIndex(builder, loc, at[contraction.vectorLoop], piece.column);
  return at;
}

/// `op` at the elements of `piece`: the contraction itself, or a neighbour, whose loops are the result's dimensions.
VectorBody ContractionEmitter::makeBody(linalg::GenericOp op, const Piece &piece) {
  SmallVector<Value> at = getIvs(piece);
  if (op == contraction.op)
    return VectorBody(builder, op, at, contraction.vectorLoop, piece.lanes);
  AffineMap map = contraction.op.getMatchingIndexingMap(contraction.c);
  SmallVector<Value> resultAt;
  for (unsigned i = 0; i < map.getNumResults(); ++i)
    resultAt.push_back(at[map.getDimPosition(i)]);
  return VectorBody(builder, op, resultAt, map.getNumResults() - 1, piece.lanes);
}

void ContractionEmitter::enterTile(Value row, int64_t numRows, Value column, int64_t numColumns) {
  if (rowLoop)
    ivs[*rowLoop] = row;
  ivs[contraction.vectorLoop] = column;
  tileWidth = llvm::alignTo(numColumns, lanes);
  pieces.clear();
  for (int64_t r = 0; r < numRows; ++r)
    for (auto [offset, width] : cutIntoVectors(numColumns, lanes))
      pieces.push_back({r, offset, width});
}

/// All terms of the tile's sums at once, b being read where it lies.
void ContractionEmitter::emitWholeTile() { emitEpilogues(emitSums(contraction.sums, getInitial())); }

SmallVector<Value> ContractionEmitter::getInitial() {
  return llvm::map_to_vector(pieces, [&](const Piece &piece) {
    if (!group.prologue)
      return makeBody(contraction.op, piece).load(contraction.c);
    VectorBody body = makeBody(group.prologue, piece);
    return body.broadcast(body.emit().front());
  });
}

SmallVector<Value> ContractionEmitter::emitSums(ArrayRef<unsigned> loops, ValueRange accumulators) {
  if (loops.empty())
    return emitStep(accumulators, [&](const Piece &piece) -> Value {
      if (sharedPanels)
        return narrow(vector::LoadOp::create(builder, loc, vectorType, sharedPanels, getSharedPlace(piece)),
                      piece.lanes);
      VectorBody body = makeBody(contraction.op, piece);
      return body.broadcast(body.load(contraction.b));
    });
  return buildLoop(builder, loc, 0, contraction.getExtent(loops.front()), 1, accumulators,
                   [&](Value iv, ValueRange carried) {
                     ivs[loops.front()] = iv;
                     return emitSums(loops.drop_front(), carried);
                   });
}

/// One term of all the tile's sums.
SmallVector<Value> ContractionEmitter::emitStep(ValueRange accumulators,
                                                llvm::function_ref<Value(const Piece &)> loadB) {
  SmallVector<Value> next;
  DenseMap<int64_t, Value> columns;
  for (const Piece &piece : pieces)
    if (piece.row == 0)
      columns[piece.column] = loadB(piece);
  Value a;
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators)) {
    if (piece.column == 0)
      a = makeBody(contraction.op, piece).load(contraction.a);
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

//===----------------------------------------------------------------------===//
// Packed panels
//===----------------------------------------------------------------------===//

/// One column of tiles, a block of the sum at a time.
void ContractionEmitter::emitPackedColumns(Value column, int64_t numColumns, Value rowBegin, Value rowEnd) {
  unsigned sumLoop = contraction.sums.back();
  int64_t extent = contraction.getExtent(sumLoop), blocksPerSum = llvm::divideCeil(extent, blockSums);
  buildLoop(builder, loc, 0, numBlocks, 1, [&](Value number) {
    block = number;
    delinearize(builder, loc, builder.createOrFold<arith::DivUIOp>(loc, block, constant(blocksPerSum)),
                ArrayRef(contraction.sums).drop_back(), contraction.extents, ivs);
    blockBegin = builder.createOrFold<arith::MulIOp>(
        loc, builder.createOrFold<arith::RemUIOp>(loc, block, constant(blocksPerSum)), constant(blockSums));
    Value left = builder.createOrFold<arith::SubIOp>(loc, constant(extent), blockBegin);
    blockLength = builder.createOrFold<arith::MinUIOp>(loc, left, constant(blockSums));
    packPanel(column, numColumns, blockBegin, blockLength, panel,
              [&](Value term, const Piece &piece) { return SmallVector<Value>{term, constant(piece.column)}; });
    emitTiles(tiling.rows, rowBegin, rowEnd, [&](Value, Value row, int64_t numRows) {
      enterTile(row, numRows, column, numColumns);
      emitPackedTile();
    });
  });
}

/// Copies rows of b, the tile's columns of them, filled up to whole vectors.
void ContractionEmitter::packPanel(Value column, int64_t numColumns, Value begin, Value length, Value target,
                                   PanelPlace place) {
  Value noRow = constant(0);
  enterTile(noRow, 1, column, numColumns);
  buildLoop(builder, loc, constant(0), length, 1, [&](Value term) {
    ivs[contraction.sums.back()] = builder.createOrFold<arith::AddIOp>(loc, begin, term);
    for (const Piece &piece : pieces) {
      VectorBody body = makeBody(contraction.op, piece);
      vector::StoreOp::create(builder, loc, widen(body.broadcast(body.load(contraction.b))), target,
                              place(term, piece));
    }
  });
}

/// Makes b's panels before the loops around the contraction that leave b as it is, where there are such loops and b is
/// too large to stay in the first cache.
void ContractionEmitter::makeSharedPanels() {
  Value b = contraction.b->get();
  Operation *place = findCopyPlace(contraction.op, b);
  int64_t terms = getNumSums(), tiles = tiling.getNumColumnTiles();
  int64_t width = llvm::alignTo(contraction.getExtent(contraction.vectorLoop), lanes);
  int64_t bytes = terms * width * llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
  auto loop = contraction.op->getParentOfType<scf::ForOp>();
  if (contraction.sums.size() != 1 || contraction.columns.size() != 1 || !contraction.batch.empty() || !loop ||
      !place->isAncestor(loop) || bytes <= target.l1Bytes / 2)
    return;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(place);
  auto type = MemRefType::get({terms * width}, elementType);
  Value panels = memref::AllocOp::create(builder, loc, type, builder.getI64IntegerAttr(64));
  countCopy(contraction.op, "packed");
  auto pack = [&](Value begin, Value end) {
    emitTiles(tiling.columns, begin, end, [&](Value, Value column, int64_t numColumns) {
      packPanel(column, numColumns, constant(0), constant(terms), panels,
                [&](Value, const Piece &piece) { return SmallVector<Value>{getSharedPlace(piece)}; });
    });
  };
  int64_t grain =
      isInsideParallelLoop(place) ? tiles : std::max<int64_t>(1, bytesPerPackingTask / llvm::divideCeil(bytes, tiles));
  buildParallelPieces(builder, loc, tiles, grain, pack);
  sharedPanels = panels;
}

/// Where a vector of b at the current term lies in the shared panels. Tiles start at whole vectors, so that panels of
/// different widths leave no gap.
Value ContractionEmitter::getSharedPlace(const Piece &piece) {
  Value panelBegin = builder.createOrFold<arith::MulIOp>(loc, ivs[contraction.vectorLoop], constant(getNumSums()));
  Value row = builder.createOrFold<arith::MulIOp>(loc, ivs[contraction.sums.front()], constant(tileWidth));
  return addIndex(builder, loc, builder.createOrFold<arith::AddIOp>(loc, panelBegin, row), piece.column);
}

void ContractionEmitter::emitPackedTile() {
  auto widenAll = [&](SmallVector<Value> vectors) {
    return llvm::map_to_vector(vectors, [&](Value vector) { return widen(vector); });
  };
  auto isBlock = [&](int64_t number) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, block, constant(number));
  };
  SmallVector<Type> types(pieces.size(), vectorType);
  SmallVector<Value> accumulators =
      numBlocks == 1
          ? widenAll(getInitial())
          : buildIf(
                builder, loc, isBlock(0), types, [&] { return widenAll(getInitial()); }, [&] { return loadPartial(); });
  accumulators =
      buildLoop(builder, loc, constant(0), blockLength, 1, accumulators, [&](Value term, ValueRange carried) {
        ivs[contraction.sums.back()] = builder.createOrFold<arith::AddIOp>(loc, blockBegin, term);
        return emitStep(carried, [&](const Piece &piece) -> Value {
          return vector::LoadOp::create(builder, loc, vectorType, panel, ValueRange{term, constant(piece.column)});
        });
      });
  auto finish = [&] {
    SmallVector<Value> results;
    for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators))
      results.push_back(narrow(accumulator, piece.lanes));
    emitEpilogues(results);
    return SmallVector<Value>();
  };
  if (numBlocks == 1) {
    finish();
    return;
  }
  buildIf(builder, loc, isBlock(numBlocks - 1), {}, finish, [&] {
    storePartial(accumulators);
    return SmallVector<Value>();
  });
}

/// The first row of a tile. Where sizes get smaller from run to run, the run that a tile belongs to gives the least.
Value ContractionEmitter::getRowStart(Value rowTile) {
  Value start;
  for (const TileRun &run : tiling.rows) {
    Value inRun = builder.createOrFold<arith::MulIOp>(loc, rowTile, constant(run.size));
    inRun = addIndex(builder, loc, inRun, run.start - run.firstTile * run.size);
    start = start ? builder.createOrFold<arith::MinUIOp>(loc, start, inRun) : inRun;
  }
  return start;
}

/// The row in `partial` where a row of the tile waits.
Value ContractionEmitter::getPartialRow(const Piece &piece) {
  return addIndex(builder, loc, builder.createOrFold<arith::SubIOp>(loc, ivs[*rowLoop], firstRow), piece.row);
}

SmallVector<Value> ContractionEmitter::loadPartial() {
  return llvm::map_to_vector(pieces, [&](const Piece &piece) -> Value {
    return vector::LoadOp::create(builder, loc, vectorType, partial,
                                  ValueRange{getPartialRow(piece), constant(piece.column)});
  });
}

void ContractionEmitter::storePartial(ValueRange accumulators) {
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators))
    vector::StoreOp::create(builder, loc, accumulator, partial,
                            ValueRange{getPartialRow(piece), constant(piece.column)});
}

/// `vector` filled up with zeros to a whole register.
Value ContractionEmitter::widen(Value vector) {
  if (vector.getType() == vectorType)
    return vector;
  Value zeros = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType));
  return vector::InsertStridedSliceOp::create(builder, loc, vector, zeros, 0, 1);
}

Value ContractionEmitter::narrow(Value vector, int64_t width) {
  if (width == lanes)
    return vector;
  return vector::ExtractStridedSliceOp::create(builder, loc, vector, 0, width, 1);
}

//===----------------------------------------------------------------------===//
// What is computed along with a tile
//===----------------------------------------------------------------------===//

void ContractionEmitter::emitEpilogues(SmallVector<Value> accumulators) {
  SmallVector<TileValue> tile = {{contraction.c, std::move(accumulators)}};
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
