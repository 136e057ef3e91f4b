// The part of the contraction emitter that goes block by block through the sum: what a block needs of the operands is
// copied to where caches hold it, in the order in which the innermost loop reads it.
#include "codegen/Buffers.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/ContractionEmitter.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/Transpose.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

// What one task copies of shared panels, at least: enough to be worth a task, and enough tiles side by side for b to be
// read in pieces longer than a cache line.
static constexpr int64_t bytesPerPackingTask = 64 << 10, tilesPerPackingTask = 4;

// Terms of the sum that a copy takes from one tile before it goes to the next: so many rows of the operand stay in the
// first cache meanwhile.
static constexpr int64_t termsPerVisit = 16;

static constexpr int64_t conflictingRowBytes = 512;

Value ContractionEmitter::allocate(ArrayRef<int64_t> shape) {
  return memref::AllocOp::create(builder, loc, MemRefType::get(shape, elementType), builder.getI64IntegerAttr(64));
}

void ContractionEmitter::emitBlocks(Value rowBegin, Value rowEnd, Value columnBegin, Value columnEnd) {
  firstRow = getTileStart(schedule.tiling.rows, rowBegin);
  firstColumn = getTileStart(schedule.tiling.columns, columnBegin);
  int64_t rows = schedule.getRowsPerTask(), columns = llvm::alignTo(schedule.getColumnsPerTask(), lanes);
  Panels own;
  if (schedule.panels == PanelsOfB::perTask) {
    own = {allocate({schedule.blockSums * columns}), firstColumn, schedule.blockSums};
    panels = &own;
  }
  if (schedule.blockOfA != BlockOfA::inPlace)
    blockOfA = allocate({rows * getRowLengthOfA()});
  if (schedule.numBlocks > 1)
    partial = allocate({rows * columns});
  buildLoop(builder, loc, 0, schedule.numBlocks, 1, [&](Value number) {
    enterBlock(number);
    if (schedule.blockOfA == BlockOfA::rowMajor)
      copyRowsOfA(rowEnd);
    if (schedule.blockOfA == BlockOfA::tileMajor)
      copyTilesOfA(rowBegin, rowEnd);
    if (panels == &own)
      makePanels(columnBegin, columnEnd, blockBegin, blockLength);
    emitTiles(schedule.tiling.columns, columnBegin, columnEnd, [&](Value, Value column, int64_t numColumns) {
      emitTiles(schedule.tiling.rows, rowBegin, rowEnd, [&](Value rowTile, Value row, int64_t numRows) {
        enterTile(row, numRows, column, numColumns);
        askForNextPanel(computeIndex<arith::SubIOp>(builder, loc, rowTile, rowBegin));
        askForNextPartial();
        emitBlockTile();
        linesAhead.clear();
      });
    });
  });
  if (panels == &own)
    panels = nullptr;
}

/// Sets the indices of all sums but the innermost, and the innermost one's terms of this block.
void ContractionEmitter::enterBlock(Value number) {
  block = number;
  int64_t extent = contraction.getExtent(contraction.sums.back());
  Value perSum = constant(schedule.blocksPerSum), size = constant(schedule.blockSums);
  delinearize(builder, loc, computeIndex<arith::DivUIOp>(builder, loc, block, perSum),
              ArrayRef(contraction.sums).drop_back(), contraction.extents, ivs);
  blockBegin =
      computeIndex<arith::MulIOp>(builder, loc, computeIndex<arith::RemUIOp>(builder, loc, block, perSum), size);
  if (extent % schedule.blockSums == 0) {
    blockLength = size;
    return;
  }
  Value left = computeIndex<arith::SubIOp>(builder, loc, constant(extent), blockBegin);
  blockLength = computeIndex<arith::MinUIOp>(builder, loc, left, size);
}

void ContractionEmitter::emitBlockTile() {
  auto isBlock = [&](int64_t number) { return isEqual(block, constant(number)); };
  SmallVector<Type> types(pieces.size(), vectorType);
  SmallVector<Value> accumulators =
      schedule.numBlocks == 1
          ? getInitial()
          : buildIf(builder, loc, isBlock(0), types, [&] { return getInitial(); }, [&] { return loadPartial(); });
  accumulators = emitTerms(constant(0), blockLength, accumulators, [&](Value at, ValueRange carried) {
    term = at;
    ivs[contraction.sums.back()] = computeIndex<arith::AddIOp>(builder, loc, blockBegin, term);
    if (schedule.panels == PanelsOfB::streamed && schedule.asksAhead)
      prefetchNextBlock();
    return emitStep(carried, [&](const Piece &piece) { return panels ? loadPanel(piece) : loadB(piece); });
  });
  auto finish = [&] {
    emitEpilogues(accumulators);
    return SmallVector<Value>();
  };
  if (schedule.numBlocks == 1) {
    finish();
    return;
  }
  buildIf(builder, loc, isBlock(schedule.numBlocks - 1), {}, finish, [&] {
    storePartial(accumulators);
    return SmallVector<Value>();
  });
}

/// Asks for what the tile reads of b in the next block, at the current term.
void ContractionEmitter::prefetchNextBlock() {
  unsigned sumLoop = contraction.sums.back();
  Value now = ivs[sumLoop];
  ivs[sumLoop] = addIndex(builder, loc, now, schedule.blockSums);
  for (const Piece &piece : pieces)
    if (piece.row == 0)
      makeBody(contraction.op, piece).prefetch(contraction.b);
  ivs[sumLoop] = now;
}

/// Of the next tile of columns, the part that the task's row tile number `rowTile` stands for, so that the panel is
/// near when its first tile of rows uses it.
void ContractionEmitter::askForNextPanel(Value rowTile) {
  if (schedule.panels != PanelsOfB::shared || !schedule.asksAhead)
    return;
  int64_t perLine = getElementsPerLine();
  int64_t lines = llvm::divideCeil(schedule.blockSums * tileWidth, perLine * schedule.getRowTilesPerTask());
  Value next = addIndex(builder, loc, getPlaceInPanel(blockBegin, {}), panels->terms * tileWidth);
  Value part = computeIndex<arith::MulIOp>(builder, loc, rowTile, constant(lines * perLine));
  linesAhead.push_back({panels->buffer, computeIndex<arith::AddIOp>(builder, loc, next, part), lines,
                        /*isWrite=*/false, /*locality=*/2});
}

/// The waiting sums of the tile of rows to come, whose chains of FMAs could not begin without them.
void ContractionEmitter::askForNextPartial() {
  if (!partial)
    return;
  int64_t columns = llvm::alignTo(schedule.getColumnsPerTask(), lanes);
  Value next = addIndex(builder, loc, getPlaceInPartial(pieces.front()), tileRows * columns);
  int64_t lines = llvm::divideCeil(tileRows * tileWidth, getElementsPerLine());
  linesAhead.push_back({partial, next, lines, /*isWrite=*/true, /*locality=*/3});
}

/// The part of the lines ahead that the turn from term `term` of the block on stands for: all of them at once would
/// fill the core's buffers, and the tile's own loads would wait.
void ContractionEmitter::prefetchLines(Value term) {
  int64_t perLine = getElementsPerLine();
  for (const LinesAhead &lines : linesAhead) {
    int64_t perTurn = llvm::divideCeil(lines.count * termsPerTurn, schedule.blockSums);
    Value turn = computeIndex<arith::DivUIOp>(builder, loc, term, constant(termsPerTurn));
    Value part = computeIndex<arith::MulIOp>(builder, loc, turn, constant(perTurn * perLine));
    Value first = computeIndex<arith::AddIOp>(builder, loc, lines.first, part);
    for (int64_t line = 0; line < perTurn; ++line)
      memref::PrefetchOp::create(builder, loc, lines.buffer, addIndex(builder, loc, first, line * perLine),
                                 lines.isWrite, lines.locality, /*isDataCache=*/true);
  }
}

/// Runs `body` for each term in [0, length) of each of the tiles that `tiles` visits, a few terms a visit.
void ContractionEmitter::emitVisits(Value length, llvm::function_ref<void(llvm::function_ref<void(TermBody)>)> tiles) {
  buildLoop(builder, loc, constant(0), length, termsPerVisit, [&](Value begin) {
    Value end = computeIndex<arith::MinUIOp>(builder, loc, addIndex(builder, loc, begin, termsPerVisit), length);
    tiles([&](TermBody body) { buildLoop(builder, loc, begin, end, 1, body); });
  });
}

/// Copies the columns of tiles [columnBegin, columnEnd) into `panels`, filled up to whole vectors: `length` terms of
/// the innermost sum from `begin` on.
void ContractionEmitter::makePanels(Value columnBegin, Value columnEnd, Value begin, Value length) {
  unsigned sumLoop = contraction.sums.back();
  ArrayRef<TileRun> runs = schedule.tiling.columns;
  if (getStrideAlong(contraction.b, contraction.vectorLoop) != 1 && getStrideAlong(contraction.b, sumLoop) == 1 &&
      lanes > 1 && llvm::isPowerOf2_64(lanes)) {
    emitTiles(runs, columnBegin, columnEnd, [&](Value, Value column, int64_t numColumns) {
      enterTile(constant(0), 1, column, numColumns);
      auto roundDown = [&](int64_t terms) {
        Value rest = computeIndex<arith::RemUIOp>(builder, loc, length, constant(terms));
        return computeIndex<arith::SubIOp>(builder, loc, length, rest);
      };
      // Whole cache lines of a column at once: columns that lie a power of two apart leave the first cache soon.
      Value lines = roundDown(getTermsPerLine()), whole = roundDown(lanes);
      buildLoop(builder, loc, constant(0), lines, getTermsPerLine(),
                [&](Value term) { transposeIntoPanel(begin, term, getTermsPerLine()); });
      buildLoop(builder, loc, lines, whole, lanes, [&](Value term) { transposeIntoPanel(begin, term, lanes); });
      buildLoop(builder, loc, whole, length, 1, [&](Value term) { copyIntoPanel(begin, term); });
    });
    return;
  }
  emitVisits(length, [&](llvm::function_ref<void(TermBody)> visit) {
    emitTiles(runs, columnBegin, columnEnd, [&](Value, Value column, int64_t numColumns) {
      enterTile(constant(0), 1, column, numColumns);
      visit([&](Value term) { copyIntoPanel(begin, term); });
    });
  });
}

/// One term of the tile's columns.
void ContractionEmitter::copyIntoPanel(Value begin, Value term) {
  ivs[contraction.sums.back()] = computeIndex<arith::AddIOp>(builder, loc, begin, term);
  for (const Piece &piece : pieces) {
    vector::StoreOp::create(builder, loc, loadB(piece), panels->buffer, getPlaceInPanel(term, piece));
  }
}

/// `count` terms, a multiple of the lanes, of the tile's columns, where consecutive terms lie one after the other.
void ContractionEmitter::transposeIntoPanel(Value begin, Value term, int64_t count) {
  for (const Piece &piece : pieces)
    for (int64_t square = 0; square < count; square += lanes) {
      Value first = addIndex(builder, loc, term, square);
      ivs[contraction.sums.back()] = computeIndex<arith::AddIOp>(builder, loc, begin, first);
      for (auto [number, vector] : llvm::enumerate(loadTransposed(piece)))
        vector::StoreOp::create(builder, loc, vector, panels->buffer,
                                getPlaceInPanel(addIndex(builder, loc, first, static_cast<int64_t>(number)), piece));
    }
}

/// Terms of a column that lie in one cache line, in whole vectors.
int64_t ContractionEmitter::getTermsPerLine() const { return std::max(lanes, getElementsPerLine()) / lanes * lanes; }

int64_t ContractionEmitter::getElementsPerLine() const {
  return cacheLineBytes / llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
}

/// The piece's columns of b for as many terms as lanes from the current one on, filled up to whole vectors: a square
/// whose columns are read, transposed in registers.
SmallVector<Value> ContractionEmitter::loadTransposed(const Piece &piece) {
  unsigned sumLoop = contraction.sums.back();
  int64_t half = lanes / 2;
  return transposeSquareOfHalves(builder, loc, lanes, [&](int64_t column, int64_t term) -> Value {
    if (column >= piece.lanes)
      return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(VectorType::get(half, elementType)));
    SmallVector<Value> at = getIvs({0, piece.column + column, 1});
    at[sumLoop] = addIndex(builder, loc, at[sumLoop], term);
    return VectorBody(builder, target, contraction.op, at, sumLoop, half).load(contraction.b);
  });
}

/// All terms of the innermost sum, b's squares being transposed as they are used; `rest` takes those that fill none. A
/// turn takes a cache line of each column.
SmallVector<Value> ContractionEmitter::emitTransposedTerms(ValueRange accumulators, CarryingLoopBody rest) {
  unsigned sumLoop = contraction.sums.back();
  int64_t perLine = getTermsPerLine(), extent = contraction.getExtent(sumLoop), whole = extent / perLine * perLine;
  // A column of vectors after the other, so that no more than its squares are in registers with the sums.
  auto addLine = [&](Value begin, ValueRange carried) {
    SmallVector<Value> sums(carried);
    for (const Piece &first : pieces) {
      if (first.row != 0)
        continue;
      SmallVector<Value> line;
      for (int64_t square = 0; square < perLine; square += lanes) {
        ivs[sumLoop] = addIndex(builder, loc, begin, square);
        llvm::append_range(line, loadTransposed(first));
      }
      for (auto [i, column] : llvm::enumerate(line)) {
        ivs[sumLoop] = addIndex(builder, loc, begin, i);
        for (auto [piece, sum] : llvm::zip_equal(pieces, sums))
          if (piece.column == first.column)
            sum = multiplyAdd(vector::BroadcastOp::create(builder, loc, sum.getType(), loadA(piece)), column, sum);
      }
    }
    return sums;
  };
  SmallVector<Value> sums = buildLoop(builder, loc, 0, whole, perLine, accumulators, addLine);
  return buildLoop(builder, loc, whole, extent, 1, sums, rest);
}

/// Where a vector of b lies in `panels`: one tile after the other, in each term after term. Tiles start at whole
/// vectors, so that panels of different widths leave no gap.
Value ContractionEmitter::getPlaceInPanel(Value term, const Piece &piece) {
  Value column = computeIndex<arith::SubIOp>(builder, loc, ivs[contraction.vectorLoop], panels->firstColumn);
  Value tile = computeIndex<arith::MulIOp>(builder, loc, column, constant(panels->terms));
  Value row = computeIndex<arith::MulIOp>(builder, loc, term, constant(tileWidth));
  return addIndex(builder, loc, computeIndex<arith::AddIOp>(builder, loc, tile, row), piece.column);
}

/// Copies the rows from `firstRow` to the end of the tile before `rowEnd`, the block's terms of them.
void ContractionEmitter::copyRowsOfA(Value rowEnd) {
  unsigned sumLoop = contraction.sums.back(), rowLoop = *schedule.rowLoop;
  Value numRows = computeIndex<arith::SubIOp>(builder, loc, getTileStart(schedule.tiling.rows, rowEnd), firstRow);
  Value whole = computeIndex<arith::SubIOp>(builder, loc, blockLength,
                                            computeIndex<arith::RemUIOp>(builder, loc, blockLength, constant(lanes)));
  buildLoop(builder, loc, constant(0), numRows, 1, [&](Value row) {
    ivs[rowLoop] = computeIndex<arith::AddIOp>(builder, loc, firstRow, row);
    auto load = [&](Value term, int64_t width) {
      ivs[sumLoop] = computeIndex<arith::AddIOp>(builder, loc, blockBegin, term);
      return VectorBody(builder, target, contraction.op, ivs, sumLoop, width).load(contraction.a);
    };
    buildLoop(builder, loc, constant(0), whole, lanes, [&](Value term) {
      vector::StoreOp::create(builder, loc, load(term, lanes), blockOfA, getPlaceInBlockOfA(ivs[rowLoop], term));
    });
    buildLoop(builder, loc, whole, blockLength, 1, [&](Value term) {
      memref::StoreOp::create(builder, loc, load(term, 0), blockOfA, getPlaceInBlockOfA(ivs[rowLoop], term));
    });
    // No byte of scratch is planned that is not written.
    for (int64_t place = schedule.blockSums; place < getRowLengthOfA(); place += lanes)
      vector::StoreOp::create(builder, loc, zeros(), blockOfA, getPlaceInBlockOfA(ivs[rowLoop], constant(place)));
  });
}

/// Copies tiles [rowBegin, rowEnd), the block's terms of them.
void ContractionEmitter::copyTilesOfA(Value rowBegin, Value rowEnd) {
  unsigned sumLoop = contraction.sums.back(), rowLoop = *schedule.rowLoop;
  emitVisits(blockLength, [&](llvm::function_ref<void(TermBody)> visit) {
    emitTiles(schedule.tiling.rows, rowBegin, rowEnd, [&](Value, Value row, int64_t numRows) {
      tileRows = numRows;
      ivs[rowLoop] = row;
      visit([&](Value term) {
        ivs[sumLoop] = computeIndex<arith::AddIOp>(builder, loc, blockBegin, term);
        VectorBody body(builder, target, contraction.op, ivs, rowLoop, numRows);
        vector::StoreOp::create(builder, loc, body.broadcast(body.load(contraction.a)), blockOfA,
                                getPlaceInBlockOfA(row, term));
      });
    });
  });
}

/// Elements that a row takes in a block of a. Rows that begin a large power of two of bytes apart would share few of a
/// cache's sets.
int64_t ContractionEmitter::getRowLengthOfA() const {
  int64_t bytes = schedule.blockSums * elementType.getIntOrFloatBitWidth() / 8;
  bool conflicts = schedule.blockOfA == BlockOfA::rowMajor && bytes % conflictingRowBytes == 0;
  return conflicts ? schedule.blockSums + lanes : schedule.blockSums;
}

/// Where term `term` of the block lies for row `row`, which, in a tile-major block, is the first one of the current
/// tile: there the tile's other rows follow.
Value ContractionEmitter::getPlaceInBlockOfA(Value row, Value term) {
  Value first = computeIndex<arith::MulIOp>(builder, loc, computeIndex<arith::SubIOp>(builder, loc, row, firstRow),
                                            constant(getRowLengthOfA()));
  if (schedule.blockOfA == BlockOfA::tileMajor)
    term = computeIndex<arith::MulIOp>(builder, loc, term, constant(tileRows));
  return computeIndex<arith::AddIOp>(builder, loc, first, term);
}

/// The element of a that the piece's row is multiplied by at the current term.
Value ContractionEmitter::loadA(const Piece &piece) {
  if (!blockOfA)
    return makeBody(contraction.op, piece).load(contraction.a);
  int64_t distance = schedule.blockOfA == BlockOfA::tileMajor ? 1 : getRowLengthOfA();
  Value place = getPlaceInBlockOfA(ivs[*schedule.rowLoop], term);
  return memref::LoadOp::create(builder, loc, blockOfA, addIndex(builder, loc, place, piece.row * distance));
}

/// A vector of b at the current term, from a panel.
Value ContractionEmitter::loadPanel(const Piece &piece) {
  Value at = schedule.panels == PanelsOfB::shared ? ivs[contraction.sums.back()] : term;
  return vector::LoadOp::create(builder, loc, vectorType, panels->buffer, getPlaceInPanel(at, piece));
}

/// Makes b's panels before the contraction, and before the loops around it that leave b as it is.
void ContractionEmitter::makeSharedPanels() {
  Operation *place = findCopyPlace(contraction.op, contraction.b->get());
  if (place == contraction.op)
    place = &*builder.getInsertionPoint();
  int64_t terms = contraction.getNumTerms(), tiles = schedule.tiling.getNumColumnTiles();
  int64_t width = llvm::alignTo(contraction.getExtent(contraction.vectorLoop), lanes);
  int64_t bytes = terms * width * llvm::divideCeil(elementType.getIntOrFloatBitWidth(), 8);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(place);
  shared = {allocate({terms * width}), constant(0), terms};
  panels = &shared;
  countCopy(contraction.op, "packed");
  int64_t grain = isInsideParallelLoop(place)
                      ? tiles
                      : std::max<int64_t>(tilesPerPackingTask, bytesPerPackingTask / llvm::divideCeil(bytes, tiles));
  buildParallelPieces(builder, loc, tiles, grain,
                      [&](Value begin, Value end) { makePanels(begin, end, constant(0), constant(terms)); });
}

/// The first row (or column) of a tile. Where sizes get smaller from run to run, the run that a tile belongs to gives
/// the least.
Value ContractionEmitter::getTileStart(ArrayRef<TileRun> runs, Value tile) {
  Value start;
  for (const TileRun &run : runs) {
    Value inRun = computeIndex<arith::MulIOp>(builder, loc, tile, constant(run.size));
    inRun = addIndex(builder, loc, inRun, run.start - run.firstTile * run.size);
    start = start ? computeIndex<arith::MinUIOp>(builder, loc, start, inRun) : inRun;
  }
  return start;
}

/// Where a vector of the tile waits for the next block: a row of tiles after the other, in each tile after tile.
Value ContractionEmitter::getPlaceInPartial(const Piece &piece) {
  int64_t columns = llvm::alignTo(schedule.getColumnsPerTask(), lanes);
  Value row =
      schedule.rowLoop ? computeIndex<arith::SubIOp>(builder, loc, ivs[*schedule.rowLoop], firstRow) : constant(0);
  Value column = computeIndex<arith::SubIOp>(builder, loc, ivs[contraction.vectorLoop], firstColumn);
  Value place =
      computeIndex<arith::AddIOp>(builder, loc, computeIndex<arith::MulIOp>(builder, loc, row, constant(columns)),
                                  computeIndex<arith::MulIOp>(builder, loc, column, constant(tileRows)));
  return addIndex(builder, loc, place, piece.row * tileWidth + piece.column);
}

SmallVector<Value> ContractionEmitter::loadPartial() {
  return llvm::map_to_vector(pieces, [&](const Piece &piece) -> Value {
    return vector::LoadOp::create(builder, loc, vectorType, partial, getPlaceInPartial(piece));
  });
}

void ContractionEmitter::storePartial(ValueRange accumulators) {
  for (auto [piece, accumulator] : llvm::zip_equal(pieces, accumulators))
    vector::StoreOp::create(builder, loc, accumulator, partial, getPlaceInPartial(piece));
}

/// `vector` filled up with zeros to a whole register.
Value ContractionEmitter::widen(Value vector) {
  if (vector.getType() == vectorType)
    return vector;
  return vector::InsertStridedSliceOp::create(builder, loc, vector, zeros(), 0, 1);
}

Value ContractionEmitter::zeros() { return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(vectorType)); }

Value ContractionEmitter::narrow(Value vector, int64_t width) {
  if (width == lanes)
    return vector;
  return vector::ExtractStridedSliceOp::create(builder, loc, vector, 0, width, 1);
}
