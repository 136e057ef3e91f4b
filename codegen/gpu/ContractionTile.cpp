// Tiles of matrix products in shared memory; see ContractionTile.h.
#include "codegen/gpu/ContractionTile.h"
#include "codegen/gpu/AsyncCopies.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

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
  // For each element that a thread reads of shared memory it adds as many terms as its part has in the other direction.
  // In a long sum what all threads read together takes longest, so of the smallest tile few of them add, a warp for
  // each scheduler; in a short one, what each waits for.
  int64_t smallestPart = contraction.getNumTerms() < longSum ? 2 : 4;
  auto make = [&](int64_t size, int64_t partRows, int64_t partColumns) -> ContractionTile {
    // As many elements of each factor, whatever the tile: the way to memory is as long as it takes to add them up.
    return {TileGrid(contraction, size, size), elementsOfFactor / size, partRows, partColumns};
  };
  for (auto tile : {make(128, 8, 8), make(64, 4, 4)})
    if (tile.getNumBlocks() >= enoughBlocks)
      return tile;
  return make(32, smallestPart, 2);
}

namespace {
class FmaTileEmitter : public TileEmitter {
public:
  FmaTileEmitter(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile, Threads threads,
                 SharedMemory &shared)
      : TileEmitter(builder, group, tile, threads, tile.getNumAddingThreads()), tile(tile), copies(builder, loc) {
    a = makeFactor(contraction.a, contraction.rows, tile.rows, shared);
    b = makeFactor(contraction.b, contraction.columns, tile.columns, shared);
  }

private:
  /// A factor on its way to shared memory.
  struct Factor {
    OpOperand *operand;
    /// Rows or columns of the tile.
    int64_t size;
    bool isAlongSum;
    /// Elements that one copy brings, neighbours in memory and there.
    int64_t count;
    /// Its parts: [buffer, term, row or column].
    Value parts;
  };

  Factor makeFactor(OpOperand *operand, ArrayRef<unsigned> across, int64_t size, SharedMemory &shared) {
    // Shared memory has rows side by side: of what has terms so, elements go one by one.
    int64_t most = 16 / getElementBytes();
    bool isAlong = isAlongSum(operand);
    int64_t count = !isAlong && hasVectors(operand, across, most) ? most : 1;
    MemRefType type = MemRefType::get({2, tile.terms, size + padding}, element);
    return {operand, size, isAlong, count, shared.allocate(builder, loc, type)};
  }

  int64_t getElementBytes() const { return element.getIntOrFloatBitWidth() / 8; }

  /// Threads of a row of the tile. Each has groups of columns that lie side by side, as many as one load brings, and of
  /// groups every so many-th, so that neighbours' loads touch what lies side by side, too.
  int64_t getThreadsAlong() const { return tile.columns / tile.threadColumns; }
  int64_t getGroupColumns() const { return std::min(tile.threadColumns, 16 / getElementBytes()); }
  /// Of the thread's column number `column`, from its first one.
  int64_t getColumnOffset(int64_t column) const {
    int64_t group = getGroupColumns();
    return column / group * group * getThreadsAlong() + column % group;
  }

  /// Begins copy number `number` of a factor's part of `terms` terms from `term` on; what is beyond the matrix is its
  /// last elements. Neighbouring numbers lie side by side in memory: along the sum, or across it.
  void startCopy(const Factor &factor, Value number, Value term, int64_t terms, Value buffer) {
    int64_t groups = factor.size / factor.count;
    Value across = multiply(factor.isAlongSum ? divide(number, terms) : remainder(number, groups), factor.count);
    Value along = factor.isAlongSum ? remainder(number, terms) : divide(number, groups);
    enterAcross(factor.operand, across, factor.count);
    enterTerm(add(term, along));
    if (!cast<MemRefType>(factor.operand->get().getType()).isLastDimUnitStride()) { // which such copies ask for
      memref::StoreOp::create(builder, loc, loadFactor(factor.operand), factor.parts,
                              ValueRange{buffer, along, across});
      return;
    }
    copies.start(factor.parts, {buffer, along, across}, factor.operand->get(), getIndices(factor.operand),
                 factor.count);
  }

  /// Equally many on all threads, as far as there are so many.
  void startCopies(Value term, int64_t terms, Value buffer) {
    for (const Factor *factor : {&a, &b}) {
      int64_t count = factor->size / factor->count * terms;
      for (int64_t start = 0; start < count; start += threads.count) {
        Value number = addIndex(builder, loc, threads.id, start);
        buildIf(builder, loc, start + threads.count > count ? isBelow(number, count) : Value(),
                [&] { startCopy(*factor, number, term, terms, buffer); });
      }
    }
    copies.endGroup();
  }

  void startStage(Value term, Value buffer) override { startCopies(term, tile.terms, buffer); }

  void finishStage(Value) override { copies.wait(0); }

  void copyRest(Value buffer, Value term, int64_t terms) override {
    startCopies(term, terms, buffer);
    finishStage(buffer);
  }

  /// `count` neighbouring elements of a part in shared memory.
  SmallVector<Value> loadShared(Value memref, Value buffer, Value term, Value start, int64_t count) {
    SmallVector<Value> values;
    int64_t bytes = getElementBytes(), lanes = std::min<int64_t>(count, 16 / bytes);
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

  SmallVector<Value> addTerms(Value buffer, ValueRange carried, int64_t terms) override {
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
      SmallVector<Value> rows = loadShared(a.parts, buffer, at, threadRow, tile.threadRows);
      SmallVector<Value> columns;
      for (int64_t column = 0; column < tile.threadColumns; column += getGroupColumns())
        llvm::append_range(columns, loadShared(b.parts, buffer, at,
                                               addIndex(builder, loc, threadColumn, getColumnOffset(column)),
                                               getGroupColumns()));
      for (auto [row, x] : llvm::enumerate(rows))
        for (auto [column, y] : llvm::enumerate(columns)) {
          Value &sum = sums[row * tile.threadColumns + column];
          sum = math::FmaOp::create(builder, loc, x, y, sum);
        }
    }
    return sums;
  }

  std::vector<SmallVector<TilePlace>> getRows() override {
    threadColumn = multiply(remainder(threads.id, getThreadsAlong()), getGroupColumns());
    threadRow = multiply(divide(threads.id, getThreadsAlong()), tile.threadRows);
    std::vector<SmallVector<TilePlace>> rows(tile.threadRows);
    for (auto [row, places] : llvm::enumerate(rows))
      for (int64_t column = 0; column < tile.threadColumns; ++column)
        places.push_back({threadRow, threadColumn, static_cast<int64_t>(row), getColumnOffset(column)});
    return rows;
  }

  int64_t getStageTerms() const override { return tile.terms; }

  const ContractionTile &tile;
  AsyncCopies copies;
  Factor a, b;
  Value threadRow, threadColumn;
};
} // namespace

void nn::emitContractionTile(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile,
                             Value block, Threads threads, SharedMemory &shared) {
  FmaTileEmitter(builder, group, tile, threads, shared).emit(block);
}
