// Tiles of matrix products in shared memory; see ContractionTile.h.
#include "codegen/gpu/ContractionTile.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// Blocks that a device's multiprocessors take at once, about: with fewer, smaller tiles are better.
static constexpr int64_t enoughBlocks = 128;
/// Terms of a sum that counts as long.
static constexpr int64_t longSum = 512;
/// Terms between which a thread's code does not loop.
static constexpr int64_t termsAtOnce = 8;
/// Of a factor's part in shared memory.
static constexpr int64_t elementsOfFactor = 2048;
/// Elements beyond a row in shared memory, so that columns too lie in different banks, and rows stay aligned.
static constexpr int64_t padding = 4;

bool nn::takesTiles(const Contraction &contraction) {
  Type element = getElementTypeOrSelf(contraction.c->get().getType());
  return (element.isF32() || element.isF64()) && contraction.getNumPoints(contraction.rows) >= 8 &&
         contraction.getNumPoints(contraction.columns) >= 8 && contraction.getNumTerms() >= 1;
}

ContractionTile nn::chooseTile(const Contraction &contraction) {
  int64_t rows = contraction.getNumPoints(contraction.rows);
  int64_t columns = contraction.getNumPoints(contraction.columns);
  int64_t batches = contraction.getNumPoints(contraction.batch);
  auto ceil = [](int64_t total, int64_t part) -> int64_t { return llvm::divideCeil(total, part); };
  // For each element that a thread reads of shared memory it adds as many terms as its part has in the other direction.
  // In a long sum what all threads read together takes longest, so of the smallest tile few of them add, a warp for
  // each scheduler; in a short one, what each waits for.
  int64_t smallestPart = contraction.getNumTerms() < longSum ? 2 : 4;
  const int64_t sizes[][3] = {{128, 8, 8}, {64, 4, 4}, {32, smallestPart, 2}};
  ContractionTile tile{};
  for (auto [size, partRows, partColumns] : sizes) {
    // As many elements of each factor, whatever the tile: the way to memory is as long as it takes to add them up.
    tile = {size, size, elementsOfFactor / size, partRows, partColumns, ceil(rows, size), ceil(columns, size), batches};
    if (tile.getNumBlocks() >= enoughBlocks)
      break;
  }
  return tile;
}

namespace {
class TileEmitter : IndexEmitter {
public:
  TileEmitter(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile, Value block,
              Threads threads, SharedMemory &shared)
      : IndexEmitter(builder, group.contraction.op->getLoc()), group(group), contraction(group.contraction),
        op(group.contraction.op), tile(tile), block(block), threads(threads), extents(contraction.extents),
        ivs(op.getNumLoops()), element(getElementTypeOrSelf(contraction.c->get().getType())),
        numRows(contraction.getNumPoints(contraction.rows)), numColumns(contraction.getNumPoints(contraction.columns)),
        numTerms(contraction.getNumTerms()) {
    auto type = [&](int64_t size) { return MemRefType::get({2, tile.terms, size + padding}, element); };
    a = shared.allocate(builder, loc, type(tile.rows));
    b = shared.allocate(builder, loc, type(tile.columns));
  }

  void emit() {
    enterTile();
    SmallVector<Value> sums = getInitial();
    int64_t whole = numTerms / tile.terms, rest = numTerms % tile.terms;
    if (whole > 0) {
      storeParts(constant(0), loadParts(constant(0)));
      putBarrier();
      // Each turn loads the next terms before it adds the present ones.
      sums = buildLoop(builder, loc, 0, whole - 1, 1, sums, [&](Value turn, ValueRange carried) {
        Value next = addIndex(builder, loc, turn, 1);
        Value buffer = remainder(turn, 2);
        Parts parts = loadParts(multiply(next, tile.terms));
        SmallVector<Value> added = addTerms(buffer, carried, tile.terms);
        storeParts(remainder(next, 2), parts);
        putBarrier();
        return added;
      });
      sums = addTerms(constant((whole - 1) % 2), sums, tile.terms);
    }
    if (rest > 0) {
      Value buffer = constant(whole % 2);
      copyRest(buffer, constant(whole * tile.terms), rest);
      putBarrier();
      sums = addTerms(buffer, sums, rest);
    }
    emitEpilogues(sums);
  }

private:
  struct Part {
    Value row, column, value;
  };
  using Parts = std::pair<SmallVector<Part>, SmallVector<Part>>;

  /// `value`, or the last row or column where tiles of `size` go beyond them.
  Value clampInTiles(Value value, int64_t limit, int64_t size) {
    return limit % size == 0 ? value : clampBelow(value, limit);
  }
  void putBarrier() { gpu::BarrierOp::create(builder, loc); }

  /// Threads of a row of the tile: each has every so many-th column, so that neighbours touch what lies side by side.
  int64_t getThreadsAlong() const { return tile.columns / tile.threadColumns; }

  void enterTile() {
    Value rest = divide(block, tile.columnTiles);
    firstColumn = multiply(remainder(block, tile.columnTiles), tile.columns);
    firstRow = multiply(remainder(rest, tile.rowTiles), tile.rows);
    delinearize(builder, loc, divide(rest, tile.rowTiles), contraction.batch, extents, ivs);
    threadColumn = remainder(threads.id, getThreadsAlong());
    threadRow = multiply(divide(threads.id, getThreadsAlong()), tile.threadRows);
    if (tile.getNumAddingThreads() < threads.count)
      isAdding = isBelow(threads.id, tile.getNumAddingThreads());
  }

  /// Element `number` of a factor's part, those beyond the matrix being its last ones. Neighbouring numbers lie side by
  /// side in memory: along the sum, or across it.
  Part loadElement(OpOperand *operand, Value number, Value term, int64_t terms) {
    bool isA = operand == contraction.a;
    int64_t size = isA ? tile.rows : tile.columns, limit = isA ? numRows : numColumns;
    bool isAlongSum = !contraction.sums.empty() && getStrideAlong(operand, contraction.sums.back()) == 1;
    Value across = isAlongSum ? divide(number, terms) : remainder(number, size);
    Value along = isAlongSum ? remainder(number, terms) : divide(number, size);
    delinearize(builder, loc, clampInTiles(add(isA ? firstRow : firstColumn, across), limit, size),
                isA ? contraction.rows : contraction.columns, extents, ivs);
    delinearize(builder, loc, add(term, along), contraction.sums, extents, ivs);
    return {along, across, VectorBody(builder, noVectors, op, ivs, 0, 0).load(operand)};
  }

  /// What this thread loads of the whole terms from `term` on: equally much on all threads.
  Parts loadParts(Value term) {
    Parts parts;
    for (auto [operand, size, list] :
         {std::tuple(contraction.a, tile.rows, &parts.first), std::tuple(contraction.b, tile.columns, &parts.second)})
      for (int64_t start = 0; start < size * tile.terms; start += threads.count)
        list->push_back(loadElement(operand, addIndex(builder, loc, threads.id, start), term, tile.terms));
    return parts;
  }

  /// Brings the last terms, less than there is room for, into shared memory.
  void copyRest(Value buffer, Value term, int64_t terms) {
    for (auto [operand, size, memref] :
         {std::tuple(contraction.a, tile.rows, a), std::tuple(contraction.b, tile.columns, b)})
      forEachPoint(builder, loc, size * terms, threads, [&](Value number) {
        Part part = loadElement(operand, number, term, terms);
        memref::StoreOp::create(builder, loc, part.value, memref, ValueRange{buffer, part.row, part.column});
      });
  }

  void storeParts(Value buffer, const Parts &parts) {
    for (auto [memref, list] : {std::pair(a, &parts.first), std::pair(b, &parts.second)})
      for (const Part &part : *list)
        memref::StoreOp::create(builder, loc, part.value, memref, ValueRange{buffer, part.row, part.column});
  }

  /// `count` neighbouring elements of a part in shared memory.
  SmallVector<Value> loadShared(Value memref, Value buffer, Value term, Value start, int64_t count) {
    SmallVector<Value> values;
    int64_t bytes = element.getIntOrFloatBitWidth() / 8, lanes = std::min<int64_t>(count, 16 / bytes);
    for (int64_t at = 0; at < count; at += lanes) {
      SmallVector<Value> indices = {buffer, term, addIndex(builder, loc, start, at)};
      if (lanes == 1) {
        values.push_back(memref::LoadOp::create(builder, loc, memref, indices));
        continue;
      }
      Value vector = vector::LoadOp::create(builder, loc, VectorType::get(lanes, element), memref, indices,
                                            /*nontemporal=*/false, llvm::MaybeAlign(lanes * bytes));
      for (int64_t lane = 0; lane < lanes; ++lane)
        values.push_back(vector::ExtractOp::create(builder, loc, vector, lane));
    }
    return values;
  }

  /// On threads that have a part of the tile; others hand on what they got.
  SmallVector<Value> addTerms(Value buffer, ValueRange carried, int64_t terms) {
    if (!isAdding)
      return addAll(buffer, carried, terms);
    return buildIf(
        builder, loc, isAdding, carried.getTypes(), [&] { return addAll(buffer, carried, terms); },
        [&] { return SmallVector<Value>(carried); });
  }

  SmallVector<Value> addAll(Value buffer, ValueRange carried, int64_t terms) {
    int64_t whole = terms / termsAtOnce * termsAtOnce;
    SmallVector<Value> sums(carried);
    if (whole > 0)
      sums = buildLoop(builder, loc, 0, whole, termsAtOnce, sums,
                       [&](Value first, ValueRange inner) { return addSome(buffer, first, inner, termsAtOnce); });
    return whole < terms ? addSome(buffer, constant(whole), sums, terms - whole) : sums;
  }

  SmallVector<Value> addSome(Value buffer, Value first, ValueRange carried, int64_t count) {
    SmallVector<Value> sums(carried);
    for (int64_t term = 0; term < count; ++term) {
      Value at = addIndex(builder, loc, first, term);
      SmallVector<Value> rows = loadShared(a, buffer, at, threadRow, tile.threadRows);
      SmallVector<Value> columns;
      for (int64_t column = 0; column < tile.threadColumns; ++column)
        columns.push_back(memref::LoadOp::create(
            builder, loc, b, ValueRange{buffer, at, addIndex(builder, loc, threadColumn, column * getThreadsAlong())}));
      for (auto [row, x] : llvm::enumerate(rows))
        for (auto [column, y] : llvm::enumerate(columns)) {
          Value &sum = sums[row * tile.threadColumns + column];
          sum = math::FmaOp::create(builder, loc, x, y, sum);
        }
    }
    return sums;
  }

  /// The coordinates in the result of this thread's element, of one in the matrix where it is beyond.
  SmallVector<Value> getCoordinates(int64_t row, int64_t column) {
    Value rowAt = addIndex(builder, loc, add(firstRow, threadRow), row);
    Value columnAt = addIndex(builder, loc, add(firstColumn, threadColumn), column * getThreadsAlong());
    delinearize(builder, loc, clampInTiles(rowAt, numRows, tile.rows), contraction.rows, extents, ivs);
    delinearize(builder, loc, clampInTiles(columnAt, numColumns, tile.columns), contraction.columns, extents, ivs);
    SmallVector<Value> at;
    for (AffineExpr expr : op.getMatchingIndexingMap(contraction.c).getResults())
      at.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
    return at;
  }

  SmallVector<Value> getInitial() {
    SmallVector<Value> sums;
    for (int64_t row = 0; row < tile.threadRows; ++row)
      for (int64_t column = 0; column < tile.threadColumns; ++column) {
        SmallVector<Value> at = getCoordinates(row, column);
        sums.push_back(group.prologue ? VectorBody(builder, noVectors, group.prologue, at, 0, 0).emit().front()
                                      : Value(memref::LoadOp::create(builder, loc, contraction.c->get(), at)));
      }
    return sums;
  }

  /// Row by row: what the elements of a row need from memory is loaded for all of them before the first is stored.
  void emitEpilogues(ArrayRef<Value> sums) {
    SmallVector<Operation *> members = group.getOps();
    buildIf(builder, loc, isAdding, [&] {
      for (int64_t row = 0; row < tile.threadRows; ++row) {
        std::vector<Element> elements;
        for (int64_t column = 0; column < tile.threadColumns; ++column)
          elements.push_back(loadElement(row, column));
        for (int64_t column = 0; column < tile.threadColumns; ++column)
          buildIf(builder, loc, elements[column].isInside,
                  [&] { emitEpilogue(elements[column], sums[row * tile.threadColumns + column], members); });
      }
    });
  }

  /// Whether an element of this thread is one of the matrix; null where all are.
  Value checkInside(int64_t row, int64_t column) {
    Value result;
    auto check = [&](Value first, Value inTile, int64_t offset, int64_t limit) {
      Value at = addIndex(builder, loc, add(first, inTile), offset);
      Value isMember = isBelow(at, limit);
      result = result ? Value(arith::AndIOp::create(builder, loc, result, isMember)) : isMember;
    };
    if (numRows % tile.rows != 0)
      check(firstRow, threadRow, row, numRows);
    if (numColumns % tile.columns != 0)
      check(firstColumn, threadColumn, column * getThreadsAlong(), numColumns);
    return result;
  }

  /// One element of the result, and of each epilogue what it reads besides tiles.
  struct Element {
    SmallVector<Value> at;
    /// Whether it is one of the matrix; null where all are.
    Value isInside;
    std::vector<VectorBody> bodies;
  };

  Element loadElement(int64_t row, int64_t column) {
    Element element{getCoordinates(row, column), checkInside(row, column), {}};
    SmallVector<Value> tiles = {contraction.c->get()};
    SmallVector<std::pair<size_t, OpOperand *>> wanted;
    SmallVector<Type> types;
    for (auto [number, epilogue] : llvm::enumerate(group.epilogues)) {
      element.bodies.emplace_back(builder, noVectors, epilogue, element.at, 0, 0);
      for (OpOperand &operand : linalg::GenericOp(epilogue)->getOpOperands()) {
        bool isTile = llvm::any_of(tiles, [&](Value view) { return isSameView(view, operand.get()); });
        if (isTile || !linalg::GenericOp(epilogue).payloadUsesValueFromOperand(&operand))
          continue;
        wanted.push_back({number, &operand});
        types.push_back(getElementTypeOrSelf(operand.get().getType()));
      }
      llvm::append_range(tiles, linalg::GenericOp(epilogue).getDpsInits());
    }
    auto load = [&] {
      return llvm::map_to_vector(wanted,
                                 [&](auto operand) { return element.bodies[operand.first].load(operand.second); });
    };
    // An element beyond the matrix is another thread's, which may have stored it already.
    auto makeZeros = [&] {
      return llvm::map_to_vector(types, [&](Type type) -> Value {
        return arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
      });
    };
    SmallVector<Value> values =
        !element.isInside || wanted.empty() ? load() : buildIf(builder, loc, element.isInside, types, load, makeZeros);
    for (auto [operand, value] : llvm::zip_equal(wanted, values))
      element.bodies[operand.first].bind(operand.second->getOperandNumber(), value);
    return element;
  }

  /// Computes what reads one element, and stores what somebody sees.
  void emitEpilogue(Element &element, Value sum, ArrayRef<Operation *> members) {
    SmallVector<std::pair<Value, Value>> written = {{contraction.c->get(), sum}};
    for (auto [epilogue, body] : llvm::zip_equal(group.epilogues, element.bodies)) {
      for (OpOperand &operand : linalg::GenericOp(epilogue)->getOpOperands())
        for (auto [buffer, value] : written)
          if (isSameView(operand.get(), buffer))
            body.bind(operand.getOperandNumber(), value);
      SmallVector<Value> results = body.emit();
      for (auto [output, value] : llvm::zip_equal(linalg::GenericOp(epilogue).getDpsInits(), results)) {
        Value buffer = output;
        llvm::erase_if(written, [&](const auto &before) { return isSameView(before.first, buffer); });
        written.push_back({buffer, value});
      }
    }
    for (auto [buffer, value] : written)
      if (!isOnlyUsedBy(buffer, members))
        memref::StoreOp::create(builder, loc, value, buffer, element.at);
  }

  const ContractionGroup &group;
  const Contraction &contraction;
  linalg::GenericOp op;
  const ContractionTile &tile;
  Value block;
  Threads threads;
  SmallVector<int64_t> extents;
  SmallVector<Value> ivs;
  Type element;
  int64_t numRows, numColumns, numTerms;
  /// Parts of the factors, each twice: [buffer, term, row or column].
  Value a, b;
  Value firstRow, firstColumn, threadRow, threadColumn;
  /// Whether this thread has a part; null where all have.
  Value isAdding;
  CpuTarget noVectors;
};
} // namespace

void nn::emitContractionTile(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile,
                             Value block, Threads threads, SharedMemory &shared) {
  TileEmitter(builder, group, tile, block, threads, shared).emit();
}
