// Products in loops on tensor cores; see StreamedMma.h.
#include "codegen/gpu/StreamedMma.h"
#include "codegen/gpu/MmaWarp.h"
#include "codegen/gpu/StreamEmitter.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace mlir::nn;

/// Rows with which an instruction, which has twice as many, is worth it.
static constexpr int64_t fewestRows = 8;
/// Cycles that an instruction with its loads and roundings takes before the next that adds to the same sums, and that
/// each word adds to it (by their latencies; not measured).
static constexpr int64_t cyclesOfChain = 64, cyclesOfWord = 4;

namespace {
/// A warp has `rows` x `columns` instructions' results; warps stand along rows, along columns and along the sum.
struct WarpTile {
  int64_t rows, columns, warpsOfRows, warpsOfColumns, groups;

  int64_t countWarpsOfGroup() const { return warpsOfRows * warpsOfColumns; }
  int64_t countSums() const { return rows * columns * 4; }
  /// Where groups hand over their sums: a place for each sum of each thread.
  MemRefType getHandedType(MLIRContext *context) const {
    int64_t threads = countWarpsOfGroup() * MmaWarp::lanes;
    return MemRefType::get({groups - 1, countSums(), threads}, Float32Type::get(context));
  }
};
} // namespace

static int64_t countTermsAtOnce(Precision precision) { return MmaWarp::words * countTermsOfWord(precision); }

/// The tile of the fewest cycles, of shared memory for all warps or of one warp's chain; as many groups as there are
/// warps and instructions for, and room.
static WarpTile chooseWarpTile(const Contraction &contraction, const Stages &stages, Precision precision,
                               int64_t numThreads, SharedMemory shared) {
  shared.reserve(stages.type);
  int64_t rows = llvm::divideCeil(contraction.getNumPoints(contraction.rows), MmaWarp::rows);
  int64_t columns = llvm::divideCeil(contraction.getNumPoints(contraction.columns), MmaWarp::columns);
  int64_t numWarps = numThreads / MmaWarp::lanes, steps = stages.terms / countTermsAtOnce(precision);
  std::optional<WarpTile> best;
  int64_t fewestCycles = 0;
  for (int64_t tileRows : {1, 2, 4, 8})
    for (int64_t tileColumns : {1, 2, 4, 8}) {
      WarpTile tile{tileRows, tileColumns, static_cast<int64_t>(llvm::divideCeil(rows, tileRows)),
                    static_cast<int64_t>(llvm::divideCeil(columns, tileColumns)), 1};
      if (tile.countWarpsOfGroup() > numWarps || tile.countSums() > 64)
        continue;
      auto canDouble = [&] {
        WarpTile next = tile;
        next.groups *= 2;
        return tile.countWarpsOfGroup() * next.groups <= numWarps && steps % next.groups == 0 &&
               shared.hasRoomFor(next.getHandedType(contraction.op->getContext()));
      };
      while (canDouble())
        tile.groups *= 2;
      int64_t words = 4 * tile.rows + 2 * tile.columns;
      int64_t cycles = std::max(tile.countWarpsOfGroup() * words, (cyclesOfChain + cyclesOfWord * words) / tile.groups);
      if (best && cycles >= fewestCycles)
        continue;
      best = tile;
      fewestCycles = cycles;
    }
  return best.value_or(WarpTile{});
}

bool nn::canStreamMma(const Contraction &contraction, Precision precision, int64_t numThreads,
                      const SharedMemory &shared) {
  if (precision == Precision::f32 || !isStreamable(contraction) ||
      contraction.getNumPoints(contraction.rows) < fewestRows)
    return false;
  std::optional<Stages> stages = chooseStages(contraction, shared, countTermsAtOnce(precision));
  return stages && chooseWarpTile(contraction, *stages, precision, numThreads, shared).groups > 0;
}

namespace {
class MmaStreamEmitter : public StreamEmitter {
public:
  MmaStreamEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Precision precision,
                   Threads threads, const Stages &stages, const WarpTile &tile, SharedMemory &shared)
      : StreamEmitter(builder, contraction, fill, threads, stages, shared), tile(tile), warp(builder, loc, precision) {
    if (tile.groups > 1)
      handed = shared.allocate(builder, loc, tile.getHandedType(builder.getContext()));
  }

private:
  void enterThread() override {
    int64_t ofGroup = tile.countWarpsOfGroup();
    setThreads(ofGroup * tile.groups * MmaWarp::lanes);
    warp.enter(threads.id);
    Value inGroup = remainder(warp.getNumber(), ofGroup);
    group = divide(warp.getNumber(), ofGroup);
    warpRow = multiply(divide(inGroup, tile.warpsOfColumns), tile.rows * MmaWarp::rows);
    warpColumn = multiply(remainder(inGroup, tile.warpsOfColumns), tile.columns * MmaWarp::columns);
  }

  int64_t countSums() const override { return tile.countSums(); }

  /// One of the warp's rows or columns; the last one of all where it has none.
  Value getAt(Value first, int64_t offset, int64_t warps, int64_t size, int64_t limit) {
    Value at = addIndex(builder, loc, first, offset);
    return warps * size > limit ? clampBelow(at, limit) : at;
  }
  Value getRow(Value inWarp, int64_t offset) {
    return getAt(add(warpRow, inWarp), offset, tile.warpsOfRows, tile.rows * MmaWarp::rows, numRows);
  }
  Value getColumn(Value inWarp, int64_t offset) {
    return getAt(add(warpColumn, inWarp), offset, tile.warpsOfColumns, tile.columns * MmaWarp::columns, numColumns);
  }

  /// action(row, column) for each of the thread's sums, in their order, counted from the warp's first.
  void forEachSum(llvm::function_ref<void(int64_t row, int64_t column)> action) {
    for (int64_t row = 0; row < tile.rows * MmaWarp::rows; row += MmaWarp::rowStride)
      for (int64_t column = 0; column < tile.columns * MmaWarp::columns; column += MmaWarp::columns)
        for (int64_t neighbour : {0, 1})
          action(row, column + neighbour);
  }

  SmallVector<Value> getInitial() override {
    auto load = [&] {
      SmallVector<Value> sums;
      forEachSum([&](int64_t row, int64_t column) {
        sums.push_back(loadInitial(getRow(warp.getRow(), row), getColumn(warp.getColumn(), column)));
      });
      return sums;
    };
    if (tile.groups == 1)
      return load();
    return buildIf(builder, loc, isEqual(group, constant(0)), SmallVector<Type>(countSums(), builder.getF32Type()),
                   load, [&] { return getZeros(); });
  }

  SmallVector<Value> addStage(Value stage, Value place, ValueRange carried) override {
    int64_t atOnce = MmaWarp::words * warp.getPack(), steps = stages.terms / atOnce / tile.groups;
    Value first = multiply(stage, stages.terms);
    return buildLoop(builder, loc, 0, steps, 1, carried, [&](Value step, ValueRange inner) {
      SmallVector<Value> sums(inner);
      Value number = add(multiply(step, tile.groups), group);
      Value inStage = add(multiply(number, atOnce), multiply(warp.getWord(), warp.getPack()));
      addProducts(sums, place, inStage, add(first, inStage));
      return sums;
    });
  }

  /// The terms of one instruction, the lane's first word of them at `inStage` of the stage, at `term` of all.
  void addProducts(MutableArrayRef<Value> sums, Value place, Value inStage, Value term) {
    int64_t wordStride = MmaWarp::wordStride * warp.getPack(), ofRow = tile.columns * 2;
    SmallVector<Value> columns;
    for (int64_t column = 0; column < tile.columns; ++column) {
      Value at = getColumn(warp.getRow(), column * MmaWarp::columns);
      SmallVector<Value> registers;
      for (int64_t half : {0, 1})
        registers.push_back(loadWord(
            contraction.b->get(), getIndices(contraction.b, {}, at, addIndex(builder, loc, term, half * wordStride))));
      columns.push_back(warp.makeFragment(registers));
    }
    for (int64_t row = 0; row < tile.rows; ++row) {
      SmallVector<Value> registers;
      for (int64_t half : {0, 1})
        for (int64_t below : {0, 1}) {
          Value at = getRow(warp.getRow(), row * MmaWarp::rows + below * MmaWarp::rowStride);
          registers.push_back(loadWord(parts, {place, at, addIndex(builder, loc, inStage, half * wordStride)}));
        }
      Value rows = warp.makeFragment(registers);
      for (int64_t column = 0; column < tile.columns; ++column) {
        Value *sum = &sums[row * 2 * ofRow + column * 2];
        warp.multiplyAdd({sum, sum + 1, sum + ofRow, sum + ofRow + 1}, rows, columns[column]);
      }
    }
  }

  /// The neighbouring terms of a word, rounded.
  Value loadWord(Value memref, ValueRange indices) {
    int64_t pack = warp.getPack();
    Value loaded = vector::LoadOp::create(builder, loc, VectorType::get(pack, builder.getF32Type()), memref, indices,
                                          /*nontemporal=*/false, llvm::MaybeAlign(pack * sizeof(float)));
    SmallVector<Value> values;
    for (int64_t at = 0; at < pack; ++at)
      values.push_back(vector::ExtractOp::create(builder, loc, loaded, at));
    return warp.round(values);
  }

  void finish(ArrayRef<Value> sums) override {
    if (tile.groups == 1) {
      buildIf(builder, loc, hasPart, [&] { store(sums); });
      return;
    }
    Value isFirst = isEqual(group, constant(0)),
          thread = remainder(threads.id, tile.countWarpsOfGroup() * MmaWarp::lanes);
    auto hand = [&] {
      Value place = addIndex(builder, loc, group, -1);
      for (auto [number, sum] : llvm::enumerate(sums))
        memref::StoreOp::create(builder, loc, sum, handed, ValueRange{place, constant(number), thread});
    };
    buildIf(builder, loc, hasPart, [&] { buildIf(builder, loc, isFirst, [] {}, hand); });
    gpu::BarrierOp::create(builder, loc);
    buildIf(builder, loc, isFirst, [&] {
      SmallVector<Value> all(sums);
      for (auto [number, sum] : llvm::enumerate(all))
        for (int64_t other = 0; other < tile.groups - 1; ++other) {
          Value more =
              memref::LoadOp::create(builder, loc, handed, ValueRange{constant(other), constant(number), thread});
          sum = arith::AddFOp::create(builder, loc, sum, more);
        }
      store(all);
    });
  }

  void store(ArrayRef<Value> sums) {
    const Value *sum = sums.begin();
    forEachSum([&](int64_t row, int64_t column) {
      Value isInside;
      auto check = [&](Value first, int64_t offset, int64_t end, int64_t limit) {
        if (end <= limit)
          return;
        Value isHere = isBelow(addIndex(builder, loc, first, offset), limit);
        isInside = isInside ? Value(arith::AndIOp::create(builder, loc, isInside, isHere)) : isHere;
      };
      check(add(warpRow, warp.getRow()), row, tile.warpsOfRows * tile.rows * MmaWarp::rows, numRows);
      check(add(warpColumn, warp.getColumn()), column, tile.warpsOfColumns * tile.columns * MmaWarp::columns,
            numColumns);
      Value value = *sum++;
      buildIf(builder, loc, isInside, [&] {
        memref::StoreOp::create(
            builder, loc, value, contraction.c->get(),
            getIndices(contraction.c, getRow(warp.getRow(), row), getColumn(warp.getColumn(), column), {}));
      });
    });
  }

  WarpTile tile;
  MmaWarp warp;
  /// Where the warp stands along the sum, and its first row and column.
  Value group, warpRow, warpColumn;
  /// Sums of other groups: [group - 1, sum, thread of the group].
  Value handed;
};
} // namespace

void nn::emitStreamedMma(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill,
                         Precision precision, Threads threads, SharedMemory &shared) {
  Stages stages = *chooseStages(contraction, shared, countTermsAtOnce(precision));
  WarpTile tile = chooseWarpTile(contraction, stages, precision, threads.count, shared);
  MmaStreamEmitter(builder, contraction, fill, precision, threads, stages, tile, shared).emit();
}
