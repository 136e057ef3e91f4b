// Tiles of matrix products on tensor cores (mma.sync of 16 rows and 8 columns); see MmaTile.h. The layout of fragments
// is that of the PTX ISA, "Matrix Fragments for mma.m16n8k8" and "for mma.m16n8k16": counted in words of 32 bits it is
// the same for both types.
#include "codegen/gpu/MmaTile.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr int64_t warpSize = 32;
/// Of one instruction: rows, columns, and words of each.
static constexpr int64_t mmaRows = 16, mmaColumns = 8, mmaWords = 8;
/// Rows of a fragment's registers, and words of a row, that are so far apart; lanes that share a row.
static constexpr int64_t rowStride = 8, wordStride = 4, lanesOfRow = 4;
/// Words that a thread brings to shared memory with one store.
static constexpr int64_t chunkWords = 4;
/// Of each factor's part in shared memory, whatever they are rounded to: on their way there they are f32 in registers.
static constexpr int64_t elementsOfFactor = 2048;
/// Words beyond a row of words, and beyond the rows of a word: the lanes that load a fragment's register read eight
/// rows of four words each, from 32 different banks.
static constexpr int64_t wordPadding = 4, acrossPadding = 8;

std::optional<Precision> nn::parsePrecision(StringRef name) {
  for (auto [index, known] : llvm::enumerate(precisionNames))
    if (known == name)
      return static_cast<Precision>(index);
  return std::nullopt;
}

/// Terms of a word of 32 bits.
static int64_t countTerms(Precision precision) { return precision == Precision::bf16 ? 2 : 1; }

MmaTile nn::chooseMmaTile(const Contraction &contraction, Precision precision) {
  // A warp reads shared memory (rows + columns) times for rows x columns products: the largest part that registers
  // hold.
  auto make = [&](int64_t size, int64_t warpRows, int64_t warpColumns) -> MmaTile {
    return {TileGrid(contraction, size, size), elementsOfFactor / size / countTerms(precision), warpRows, warpColumns};
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
        isTf32(precision == Precision::tf32), pack(countTerms(precision)),
        factorType(isTf32 ? Type(builder.getF32Type()) : builder.getBF16Type()),
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
    return {operand, size, isAlong, canLoadVectors(operand, neighbours),
            shared.allocate(builder, loc, MemRefType::get(shape, factorType))};
  }

  /// Whether elements lie side by side, at an address that vectors are loaded from, in fours from each fourth point of
  /// `loops` on.
  bool canLoadVectors(OpOperand *operand, ArrayRef<unsigned> loops) {
    return !loops.empty() && getStrideAlong(operand, loops.back()) == 1 &&
           contraction.getExtent(loops.back()) % vectorElements == 0 && hasVectorRows(operand->get());
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
      return {round(loadTerms(factor, chunk.row, add(firstTerm, multiply(chunk.word, pack)), mayEnd))};
    };
    auto type = VectorType::get(chunkWords * pack, factorType);
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
    SmallVector<Value> values = factor.hasVectors ? loadVector(builder, loc, factor.operand->get(), getIndices(factor))
                                                  : SmallVector<Value>{loadFactor(factor.operand)};
    if (!mayEnd)
      return values;
    Value isTerm = isBelow(term, numTerms), zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    for (Value &value : values)
      value = arith::SelectOp::create(builder, loc, isTerm, value, zero);
    return values;
  }

  SmallVector<Value> getIndices(const Factor &factor) {
    AffineMap map = op.getMatchingIndexingMap(factor.operand);
    SmallVector<Value> indices;
    for (unsigned result = 0; result < map.getNumResults(); ++result)
      indices.push_back(ivs[map.getDimPosition(result)]);
    return indices;
  }

  /// As a vector of the type that is multiplied.
  Value round(SmallVector<Value> values) {
    auto type = VectorType::get(values.size(), builder.getF32Type());
    if (isTf32)
      for (Value &value : values) {
        Value bits =
            NVVM::ConvertFloatToTF32Op::create(builder, loc, builder.getI32Type(), value, NVVM::FPRoundingMode::RNA);
        value = arith::BitcastOp::create(builder, loc, builder.getF32Type(), bits);
      }
    Value vector = vector::FromElementsOp::create(builder, loc, type, values);
    if (isTf32)
      return vector;
    return arith::TruncFOp::create(builder, loc, type.clone(factorType), vector);
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

  void loadStage(Value term) override {
    for (const Factor *factor : {&a, &b}) {
      int64_t count = countChunks(*factor, tile.words);
      for (int64_t start = 0; start < count; start += threads.count) {
        Value number = addIndex(builder, loc, threads.id, start);
        Value isChunk = start + threads.count > count ? isBelow(number, count) : Value();
        loaded.push_back(loadChunk(*factor, number, term, tile.words, /*mayEnd=*/false, isChunk));
      }
    }
  }

  void storeStage(Value buffer) override {
    for (const Chunk &chunk : loaded)
      buildIf(builder, loc, chunk.isThere, [&] { storeChunk(chunk, buffer); });
    loaded.clear();
  }

  /// Words that instructions read of `terms` terms.
  int64_t countWords(int64_t terms) const { return llvm::alignTo(llvm::divideCeil(terms, pack), mmaWords); }

  void copyRest(Value buffer, Value term, int64_t terms) override {
    int64_t words = countWords(terms);
    bool mayEnd = terms != words * pack;
    for (const Factor *factor : {&a, &b})
      forEachPoint(builder, loc, countChunks(*factor, words), threads,
                   [&](Value number) { storeChunk(loadChunk(*factor, number, term, words, mayEnd), buffer); });
  }

  //===-- Warps ----------------------------------------------------------------===//

  std::vector<SmallVector<TilePlace>> getRows() override {
    Value lane = remainder(threads.id, warpSize), warp = divide(threads.id, warpSize);
    int64_t warpsAlong = tile.columns / tile.warpColumns;
    laneRow = divide(lane, lanesOfRow);
    laneWord = remainder(lane, lanesOfRow);
    warpRow = multiply(divide(warp, warpsAlong), tile.warpRows);
    warpColumn = multiply(remainder(warp, warpsAlong), tile.warpColumns);
    Value row = add(warpRow, laneRow), column = add(warpColumn, multiply(laneWord, 2));
    std::vector<SmallVector<TilePlace>> rows;
    for (int64_t rowOffset = 0; rowOffset < tile.warpRows; rowOffset += rowStride) {
      rows.emplace_back();
      for (int64_t columnOffset = 0; columnOffset < tile.warpColumns; columnOffset += mmaColumns)
        for (int64_t neighbour : {0, 1})
          rows.back().push_back({row, column, rowOffset, columnOffset + neighbour});
    }
    return rows;
  }

  /// A lane's words of a factor: of rows from `row` on, of words from `word` on, registers by rows and then by words.
  Value loadFragment(const Factor &factor, Value buffer, Value row, int64_t numRows, int64_t word) {
    auto type = VectorType::get({numRows * 2, pack}, factorType);
    Value fragment = ub::PoisonOp::create(builder, loc, type);
    for (int64_t registerNumber = 0; registerNumber < numRows * 2; ++registerNumber) {
      Value atRow = addIndex(builder, loc, row, registerNumber % numRows * rowStride);
      Value atWord = addIndex(builder, loc, laneWord, word + registerNumber / numRows * wordStride);
      Value loaded = vector::LoadOp::create(builder, loc, VectorType::get(pack, factorType), factor.parts,
                                            getPlace(factor, buffer, atRow, atWord), /*nontemporal=*/false,
                                            llvm::MaybeAlign(sizeof(float)));
      fragment = vector::InsertOp::create(builder, loc, loaded, fragment, ArrayRef<int64_t>{registerNumber});
    }
    return fragment;
  }

  SmallVector<Value> addTerms(Value buffer, ValueRange carried, int64_t terms) override {
    // Tiles of few products loop less often.
    int64_t words = countWords(terms), products = tile.warpRows / mmaRows * (tile.warpColumns / mmaColumns);
    int64_t atOnce = words % (4 * mmaWords) == 0 && products <= 4 ? 4 * mmaWords : mmaWords;
    return buildLoop(builder, loc, 0, words, atOnce, carried, [&](Value first, ValueRange inner) {
      SmallVector<Value> sums(inner);
      for (int64_t word = 0; word < atOnce; word += mmaWords)
        addProducts(sums, buffer, first, word);
      return sums;
    });
  }

  /// All of the warp's products of `mmaWords` words from `first` + `word` on.
  void addProducts(MutableArrayRef<Value> sums, Value buffer, Value first, int64_t word) {
    llvm::SaveAndRestore place(laneWord, add(laneWord, first));
    SmallVector<Value> columns;
    for (int64_t column = 0; column < tile.warpColumns; column += mmaColumns)
      columns.push_back(
          loadFragment(b, buffer, addIndex(builder, loc, add(warpColumn, laneRow), column), /*numRows=*/1, word));
    for (int64_t row = 0; row < tile.warpRows; row += mmaRows) {
      Value rows = loadFragment(a, buffer, addIndex(builder, loc, add(warpRow, laneRow), row), /*numRows=*/2, word);
      for (auto [number, column] : llvm::enumerate(columns))
        addProduct(sums, rows, column, row / rowStride, static_cast<int64_t>(number));
    }
  }

  /// One instruction, of rows from `row` on (in eights) and columns from `column` on (in eights).
  void addProduct(MutableArrayRef<Value> sums, Value rows, Value columns, int64_t row, int64_t column) {
    auto type = VectorType::get({2, 2}, builder.getF32Type());
    auto getSum = [&](int64_t half, int64_t neighbour) -> Value & {
      return sums[(row + half) * (tile.warpColumns / mmaColumns * 2) + column * 2 + neighbour];
    };
    Value vector = ub::PoisonOp::create(builder, loc, type);
    for (int64_t half : {0, 1})
      for (int64_t neighbour : {0, 1})
        vector =
            vector::InsertOp::create(builder, loc, getSum(half, neighbour), vector, ArrayRef<int64_t>{half, neighbour});
    vector = nvgpu::MmaSyncOp::create(builder, loc, rows, columns, vector,
                                      ArrayRef<int64_t>{mmaRows, mmaColumns, mmaWords * pack}, isTf32);
    for (int64_t half : {0, 1})
      for (int64_t neighbour : {0, 1})
        getSum(half, neighbour) = vector::ExtractOp::create(builder, loc, vector, ArrayRef<int64_t>{half, neighbour});
  }

  const MmaTile &tile;
  bool isTf32;
  /// Terms of a word.
  int64_t pack;
  Type factorType;
  Factor a, b;
  SmallVector<Chunk> loaded;
  /// Of this thread: the row of fragments (of b, the column) that it has words of, which word, and where its warp is.
  Value laneRow, laneWord, warpRow, warpColumn;
};
} // namespace

void nn::emitMmaTile(OpBuilder &builder, const ContractionGroup &group, const MmaTile &tile, Precision precision,
                     Value block, Threads threads, SharedMemory &shared) {
  MmaTileEmitter(builder, group, tile, precision, threads, shared).emit(block);
}
