// Tiles of matrix products in shared memory; see ContractionTile.h.
#include "codegen/gpu/ContractionTile.h"
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
      : TileEmitter(builder, group, tile, threads, tile.getNumAddingThreads()), tile(tile) {
    auto type = [&](int64_t size) { return MemRefType::get({2, tile.terms, size + padding}, element); };
    a = shared.allocate(builder, loc, type(tile.rows));
    b = shared.allocate(builder, loc, type(tile.columns));
  }

private:
  struct Part {
    Value memref, row, column, value;
  };

  /// Threads of a row of the tile: each has every so many-th column, so that neighbours touch what lies side by side.
  int64_t getThreadsAlong() const { return tile.columns / tile.threadColumns; }

  /// Element `number` of a factor's part, those beyond the matrix being its last ones. Neighbouring numbers lie side by
  /// side in memory: along the sum, or across it.
  Part loadElement(OpOperand *operand, Value number, Value term, int64_t terms) {
    bool isA = operand == contraction.a, isAlong = isAlongSum(operand);
    int64_t size = isA ? tile.rows : tile.columns;
    Value across = isAlong ? divide(number, terms) : remainder(number, size);
    Value along = isAlong ? remainder(number, terms) : divide(number, size);
    enterAcross(operand, across);
    enterTerm(add(term, along));
    return {isA ? a : b, along, across, loadFactor(operand)};
  }

  void storePart(Value buffer, const Part &part) {
    memref::StoreOp::create(builder, loc, part.value, part.memref, ValueRange{buffer, part.row, part.column});
  }

  /// Equally much on all threads.
  void loadStage(Value term) override {
    for (auto [operand, size] : {std::pair(contraction.a, tile.rows), std::pair(contraction.b, tile.columns)})
      for (int64_t start = 0; start < size * tile.terms; start += threads.count)
        loaded.push_back(loadElement(operand, addIndex(builder, loc, threads.id, start), term, tile.terms));
  }

  void storeStage(Value buffer) override {
    for (const Part &part : loaded)
      storePart(buffer, part);
    loaded.clear();
  }

  void copyRest(Value buffer, Value term, int64_t terms) override {
    for (auto [operand, size] : {std::pair(contraction.a, tile.rows), std::pair(contraction.b, tile.columns)})
      forEachPoint(builder, loc, size * terms, threads,
                   [&](Value number) { storePart(buffer, loadElement(operand, number, term, terms)); });
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

  std::vector<SmallVector<TilePlace>> getRows() override {
    threadColumn = remainder(threads.id, getThreadsAlong());
    threadRow = multiply(divide(threads.id, getThreadsAlong()), tile.threadRows);
    std::vector<SmallVector<TilePlace>> rows(tile.threadRows);
    for (auto [row, places] : llvm::enumerate(rows))
      for (int64_t column = 0; column < tile.threadColumns; ++column)
        places.push_back({threadRow, threadColumn, static_cast<int64_t>(row), column * getThreadsAlong()});
    return rows;
  }

  int64_t getStageTerms() const override { return tile.terms; }

  const ContractionTile &tile;
  /// Parts of the factors, each twice: [buffer, term, row or column].
  Value a, b;
  SmallVector<Part> loaded;
  Value threadRow, threadColumn;
};
} // namespace

void nn::emitContractionTile(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile,
                             Value block, Threads threads, SharedMemory &shared) {
  FmaTileEmitter(builder, group, tile, threads, shared).emit(block);
}
