// Tiles of matrix products on tensor cores; see MmaTile.h.
#include "codegen/gpu/MmaTile.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// Words that a thread brings to shared memory with one store.
static constexpr int64_t chunkWords = 4;
/// Of each factor's part in shared memory, whatever they are rounded to: on their way there they are f32 in registers.
static constexpr int64_t elementsOfFactor = 2048;
/// Words beyond a row of words, and beyond the rows of a word: the lanes that load a fragment's register read eight
/// rows of four words each, from 32 different banks.
static constexpr int64_t wordPadding = 4, acrossPadding = 8;

MmaTile nn::chooseMmaTile(const Contraction &contraction, Precision precision) {
  // A warp reads shared memory (rows + columns) times for rows x columns products: the largest part that registers
  // hold.
  auto make = [&](int64_t size, int64_t warpRows, int64_t warpColumns) -> MmaTile {
    return {TileGrid(contraction, size, size), elementsOfFactor / size / countTermsOfWord(precision), warpRows,
            warpColumns};
  };
  for (auto tile : {make(128, 64, 32), make(64, 32, 16)})
    if (tile.getNumBlocks() >= enoughBlocks)
      return tile;
  return make(32, 16, 8);
}

namespace {
class MmaTileEmitter : public TileEmitter {
public:
  MmaTileEmitter(OpBuilder &builder, const ContractionGroup &group, const MmaTile &tile, Precision precision,
                 Threads threads, SharedMemory &shared)
      : TileEmitter(builder, group, tile, threads, tile.getNumAddingThreads()), tile(tile),
        warp(builder, loc, precision), pack(warp.getPack()),
        a(makeFactor(contraction.a, contraction.rows, tile.rows, shared)),
        b(makeFactor(contraction.b, contraction.columns, tile.columns, shared)) {}

private:
  /// One of the factors, whose neighbours in memory stay neighbours in shared memory: words of a row (or column) where
  /// memory holds one term beside the next, rows of a word otherwise.
  struct Factor {
    OpOperand *operand;
    int64_t size;
    bool isAlongSum;
    /// Whether four neighbours can be loaded at once.
    bool hasVectors;
    /// [buffer, row, word] or [buffer, word, row], the last in elements.
    Value parts;
  };

  /// What a thread has loaded to store later.
  struct Chunk {
    const Factor *factor;
    Value row, word, values;
    /// Whether this thread has it; null where all have.
    Value isThere;
  };

  Factor makeFactor(OpOperand *operand, ArrayRef<unsigned> across, int64_t size, SharedMemory &shared) {
    bool isAlong = isAlongSum(operand);
    SmallVector<int64_t> shape = {2, isAlong ? size : tile.words,
                                  (isAlong ? tile.words + wordPadding : size + acrossPadding) * pack};
    ArrayRef<unsigned> neighbours = isAlong ? ArrayRef<unsigned>(contraction.sums) : across;
    return {operand, size, isAlong, hasVectors(operand, neighbours, vectorElements),
            shared.allocate(builder, loc, MemRefType::get(shape, warp.getFactorType()))};
  }

  //===-- On the way to shared memory ----------------------------------------===//

  int64_t countChunks(const Factor &factor, int64_t words) const { return factor.size * words / chunkWords; }

  /// Chunk number `number` of a factor's part that has `words` words of the sum from `firstTerm` on, on threads where
  /// it `isThere`. Terms from the last on are zero, where there `mayEnd` be such.
  Chunk loadChunk(const Factor &factor, Value number, Value firstTerm, int64_t words, bool mayEnd,
                  Value isThere = Value()) {
    int64_t along = factor.isAlongSum ? words / chunkWords : factor.size / chunkWords;
    Value first = multiply(remainder(number, along), chunkWords), other = divide(number, along);
    Chunk chunk{&factor, factor.isAlongSum ? other : first, factor.isAlongSum ? first : other, {}, isThere};
    auto load = [&]() -> SmallVector<Value> {
      return {warp.round(loadTerms(factor, chunk.row, add(firstTerm, multiply(chunk.word, pack)), mayEnd))};
    };
    auto type = VectorType::get(chunkWords * pack, warp.getFactorType());
    auto makeZeros = [&]() -> SmallVector<Value> {
      return {arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type))};
    };
    chunk.values = (isThere ? buildIf(builder, loc, isThere, type, load, makeZeros) : load()).front();
    return chunk;
  }

  /// The elements of a chunk, in the order of its words.
  SmallVector<Value> loadTerms(const Factor &factor, Value row, Value term, bool mayEnd) {
    int64_t atOnce = factor.hasVectors ? vectorElements : 1;
    SmallVector<Value> values;
    if (factor.isAlongSum) {
      for (int64_t at = 0; at < chunkWords * pack; at += atOnce)
        llvm::append_range(values, loadElements(factor, row, addIndex(builder, loc, term, at), mayEnd));
      return values;
    }
    // Memory has the rows of a term side by side, a word the terms of a row.
    SmallVector<SmallVector<Value>> ofTerm(pack);
    for (int64_t number = 0; number < pack; ++number)
      for (int64_t at = 0; at < chunkWords; at += atOnce)
        llvm::append_range(ofTerm[number], loadElements(factor, addIndex(builder, loc, row, at),
                                                        addIndex(builder, loc, term, number), mayEnd));
    for (int64_t at = 0; at < chunkWords; ++at)
      for (int64_t number = 0; number < pack; ++number)
        values.push_back(ofTerm[number][at]);
    return values;
  }

  /// One element, or four neighbours where the factor has vectors.
  SmallVector<Value> loadElements(const Factor &factor, Value row, Value term, bool mayEnd) {
    int64_t count = factor.hasVectors ? vectorElements : 1;
    enterAcross(factor.operand, row, factor.isAlongSum ? 1 : count);
    enterTerm(mayEnd ? clampBelow(term, numTerms - (factor.isAlongSum ? count - 1 : 0)) : term);
    SmallVector<Value> values = factor.hasVectors
                                    ? loadVector(builder, loc, factor.operand->get(), getIndices(factor.operand))
                                    : SmallVector<Value>{loadFactor(factor.operand)};
    if (!mayEnd)
      return values;
    Value isTerm = isBelow(term, numTerms), zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    for (Value &value : values)
      value = arith::SelectOp::create(builder, loc, isTerm, value, zero);
    return values;
  }

  /// Where a row's word lies.
  SmallVector<Value> getPlace(const Factor &factor, Value buffer, Value row, Value word) {
    if (factor.isAlongSum)
      return {buffer, row, multiply(word, pack)};
    return {buffer, word, multiply(row, pack)};
  }

  void storeChunk(const Chunk &chunk, Value buffer) {
    vector::StoreOp::create(builder, loc, chunk.values, chunk.factor->parts,
                            getPlace(*chunk.factor, buffer, chunk.row, chunk.word), /*nontemporal=*/false,
                            llvm::MaybeAlign(chunkWords * sizeof(float)));
  }

  int64_t getStageTerms() const override { return tile.words * pack; }

  void startStage(Value term, Value) override {
    for (const Factor *factor : {&a, &b}) {
      int64_t count = countChunks(*factor, tile.words);
      for (int64_t start = 0; start < count; start += threads.count) {
        Value number = addIndex(builder, loc, threads.id, start);
        Value isChunk = start + threads.count > count ? isBelow(number, count) : Value();
        loaded.push_back(loadChunk(*factor, number, term, tile.words, /*mayEnd=*/false, isChunk));
      }
    }
  }

  void finishStage(Value buffer) override {
    for (const Chunk &chunk : loaded)
      buildIf(builder, loc, chunk.isThere, [&] { storeChunk(chunk, buffer); });
    loaded.clear();
  }

  /// Words that instructions read of `terms` terms.
  int64_t countWords(int64_t terms) const { return llvm::alignTo(llvm::divideCeil(terms, pack), MmaWarp::words); }

  void copyRest(Value buffer, Value term, int64_t terms) override {
    int64_t words = countWords(terms);
    bool mayEnd = terms != words * pack;
    for (const Factor *factor : {&a, &b})
      forEachPoint(builder, loc, countChunks(*factor, words), threads,
                   [&](Value number) { storeChunk(loadChunk(*factor, number, term, words, mayEnd), buffer); });
  }

  //===-- Warps ----------------------------------------------------------------===//

  std::vector<SmallVector<TilePlace>> getRows() override {
    warp.enter(threads.id);
    int64_t warpsAlong = tile.columns / tile.warpColumns;
    warpRow = multiply(divide(warp.getNumber(), warpsAlong), tile.warpRows);
    warpColumn = multiply(remainder(warp.getNumber(), warpsAlong), tile.warpColumns);
    Value row = add(warpRow, warp.getRow()), column = add(warpColumn, warp.getColumn());
    std::vector<SmallVector<TilePlace>> rows;
    for (int64_t rowOffset = 0; rowOffset < tile.warpRows; rowOffset += MmaWarp::rowStride) {
      rows.emplace_back();
      for (int64_t columnOffset = 0; columnOffset < tile.warpColumns; columnOffset += MmaWarp::columns)
        for (int64_t neighbour : {0, 1})
          rows.back().push_back({row, column, rowOffset, columnOffset + neighbour});
    }
    return rows;
  }

  /// A lane's words of a factor: of `numRows` rows from `row` on, from word number `word` on.
  Value loadFragment(const Factor &factor, Value buffer, Value row, int64_t numRows, Value word) {
    SmallVector<Value> registers;
    for (int64_t half : {0, 1})
      for (int64_t at = 0; at < numRows; ++at)
        registers.push_back(
            vector::LoadOp::create(builder, loc, VectorType::get(pack, warp.getFactorType()), factor.parts,
                                   getPlace(factor, buffer, addIndex(builder, loc, row, at * MmaWarp::rowStride),
                                            addIndex(builder, loc, word, half * MmaWarp::wordStride)),
                                   /*nontemporal=*/false, llvm::MaybeAlign(sizeof(float))));
    return warp.makeFragment(registers);
  }

  SmallVector<Value> addTerms(Value buffer, ValueRange carried, int64_t terms) override {
    // Tiles of few products loop less often.
    int64_t words = countWords(terms);
    int64_t products = tile.warpRows / MmaWarp::rows * (tile.warpColumns / MmaWarp::columns);
    int64_t atOnce = words % (4 * MmaWarp::words) == 0 && products <= 4 ? 4 * MmaWarp::words : MmaWarp::words;
    return buildLoop(builder, loc, 0, words, atOnce, carried, [&](Value first, ValueRange inner) {
      SmallVector<Value> sums(inner);
      for (int64_t word = 0; word < atOnce; word += MmaWarp::words)
        addProducts(sums, buffer, addIndex(builder, loc, add(warp.getWord(), first), word));
      return sums;
    });
  }

  /// All of the warp's products of the words of one instruction, `word` being the lane's first.
  void addProducts(MutableArrayRef<Value> sums, Value buffer, Value word) {
    SmallVector<Value> columns;
    for (int64_t column = 0; column < tile.warpColumns; column += MmaWarp::columns)
      columns.push_back(loadFragment(b, buffer, addIndex(builder, loc, add(warpColumn, warp.getRow()), column),
                                     /*numRows=*/1, word));
    int64_t ofRow = tile.warpColumns / MmaWarp::columns * 2;
    for (int64_t row = 0; row < tile.warpRows; row += MmaWarp::rows) {
      Value rows =
          loadFragment(a, buffer, addIndex(builder, loc, add(warpRow, warp.getRow()), row), /*numRows=*/2, word);
      for (auto [number, column] : llvm::enumerate(columns)) {
        Value *first = &sums[row / MmaWarp::rowStride * ofRow + number * 2];
        warp.multiplyAdd({first, first + 1, first + ofRow, first + ofRow + 1}, rows, column);
      }
    }
  }

  const MmaTile &tile;
  MmaWarp warp;
  /// Terms of a word.
  int64_t pack;
  Factor a, b;
  SmallVector<Chunk> loaded;
  /// Where this thread's warp is in the tile.
  Value warpRow, warpColumn;
};
} // namespace

void nn::emitMmaTile(OpBuilder &builder, const ContractionGroup &group, const MmaTile &tile, Precision precision,
                     Value block, Threads threads, SharedMemory &shared) {
  MmaTileEmitter(builder, group, tile, precision, threads, shared).emit(block);
}
