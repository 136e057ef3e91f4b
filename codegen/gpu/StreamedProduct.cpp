// Products with a first factor that streams through shared memory; see StreamedProduct.h.
#include "codegen/gpu/StreamedProduct.h"
#include "codegen/gpu/StreamEmitter.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr int64_t warpSize = 32;
/// Of a multiprocessor; each adds for a warp at a time.
static constexpr int64_t schedulers = 4;
/// Cycles in which shared memory gives each thread of a warp a vector, wherever it lies: 128 bytes a cycle (as counted
/// on an H200).
static constexpr int64_t cyclesOfVector = 4;
/// Sums that a thread holds at most.
static constexpr int64_t mostSums = 32;
/// FMAs between which a thread's code does not loop, about.
static constexpr int64_t fmasAtOnce = 256;

namespace {
/// Which part of the result a thread has: every so many-th row and column. A warp's threads stand along rows and along
/// columns, too.
struct ThreadTile {
  int64_t rows, columns;
  int64_t columnLanes;
  int64_t threadsOfRows, threadsOfColumns;

  int64_t getRowLanes() const { return warpSize / columnLanes; }
  int64_t countThreads() const { return threadsOfRows * threadsOfColumns; }
};
} // namespace

static int64_t countRows(const Contraction &contraction) { return contraction.getNumPoints(contraction.rows); }
static int64_t countColumns(const Contraction &contraction) { return contraction.getNumPoints(contraction.columns); }

/// The rectangle of the fewest cycles, of shared memory for all threads or of a scheduler, whose warps load and add by
/// turns and lose a quarter of their time (measured on an H200: four warps are nearly always best). Nothing where
/// threads are too few.
static std::optional<ThreadTile> chooseThreadTile(int64_t rows, int64_t columns, int64_t mostThreads) {
  std::optional<ThreadTile> best;
  int64_t fewestCycles = 0;
  auto consider = [&](int64_t tileRows, int64_t tileColumns, int64_t columnLanes) {
    auto countThreads = [](int64_t extent, int64_t each, int64_t lanes) -> int64_t {
      return llvm::alignTo(llvm::divideCeil(extent, each), lanes);
    };
    ThreadTile tile{tileRows, tileColumns, columnLanes, countThreads(rows, tileRows, warpSize / columnLanes),
                    countThreads(columns, tileColumns, columnLanes)};
    if (tile.countThreads() > mostThreads || tileRows * tileColumns > mostSums)
      return;
    int64_t warps = tile.countThreads() / warpSize;
    int64_t adding = tileRows * tileColumns * vectorElements, loading = (tileRows + tileColumns) * cyclesOfVector;
    int64_t cycles =
        std::max<int64_t>(4 * warps * loading, 5 * llvm::divideCeil(warps, schedulers) * (adding + loading));
    if (best && cycles >= fewestCycles)
      return;
    best = tile;
    fewestCycles = cycles;
  };
  for (int64_t tileRows : {1, 2, 4, 8})
    for (int64_t tileColumns : {1, 2, 4, 8})
      for (int64_t columnLanes : {8, 4, 2, 16})
        consider(tileRows, tileColumns, columnLanes);
  return best;
}

bool nn::canStream(const Contraction &contraction, int64_t numThreads, const SharedMemory &shared) {
  return isStreamable(contraction) && chooseStages(contraction, shared, vectorElements) &&
         chooseThreadTile(countRows(contraction), countColumns(contraction), numThreads);
}

namespace {
class FmaStreamEmitter : public StreamEmitter {
public:
  FmaStreamEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                   SharedMemory &shared)
      : StreamEmitter(builder, contraction, fill, threads, *chooseStages(contraction, shared, vectorElements), shared),
        tile(*chooseThreadTile(numRows, numColumns, threads.count)) {}

private:
  void enterThread() override {
    setThreads(tile.countThreads());
    Value lane = remainder(threads.id, warpSize), warp = divide(threads.id, warpSize);
    int64_t warpsOfColumns = tile.threadsOfColumns / tile.columnLanes;
    threadColumn = add(remainder(lane, tile.columnLanes), multiply(remainder(warp, warpsOfColumns), tile.columnLanes));
    threadRow = add(divide(lane, tile.columnLanes), multiply(divide(warp, warpsOfColumns), tile.getRowLanes()));
  }

  /// The thread's row or column of this number; the last one of all where it has none.
  Value getRow(int64_t number) {
    Value at = addIndex(builder, loc, threadRow, number * tile.threadsOfRows);
    return (number + 1) * tile.threadsOfRows <= numRows ? at : clampBelow(at, numRows);
  }
  Value getColumn(int64_t number) {
    Value at = addIndex(builder, loc, threadColumn, number * tile.threadsOfColumns);
    return (number + 1) * tile.threadsOfColumns <= numColumns ? at : clampBelow(at, numColumns);
  }

  int64_t countSums() const override { return tile.rows * tile.columns; }

  SmallVector<Value> getInitial() override {
    SmallVector<Value> sums;
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t column = 0; column < tile.columns; ++column)
        sums.push_back(loadInitial(getRow(row), getColumn(column)));
    return sums;
  }

  SmallVector<Value> addStage(Value stage, Value place, ValueRange carried) override {
    int64_t atOnce = vectorElements;
    while (stages.terms % (atOnce * 2) == 0 && atOnce * 2 * tile.rows * tile.columns <= fmasAtOnce)
      atOnce *= 2;
    Value first = multiply(stage, stages.terms);
    return buildLoop(builder, loc, 0, stages.terms, atOnce, carried, [&](Value start, ValueRange inner) {
      SmallVector<Value> sums(inner);
      for (int64_t term = 0; term < atOnce; term += vectorElements)
        addVectors(sums, place, addIndex(builder, loc, start, term), add(first, addIndex(builder, loc, start, term)));
      return sums;
    });
  }

  /// Four terms: `inStage` counts them from the stage's first, `term` from that of all.
  void addVectors(MutableArrayRef<Value> sums, Value place, Value inStage, Value term) {
    SmallVector<SmallVector<Value>> rows, columns;
    for (int64_t row = 0; row < tile.rows; ++row)
      rows.push_back(loadVector(builder, loc, parts, {place, getRow(row), inStage}));
    for (int64_t column = 0; column < tile.columns; ++column)
      columns.push_back(
          loadVector(builder, loc, contraction.b->get(), getIndices(contraction.b, {}, getColumn(column), term)));
    for (int64_t lane = 0; lane < vectorElements; ++lane)
      for (int64_t row = 0; row < tile.rows; ++row)
        for (int64_t column = 0; column < tile.columns; ++column) {
          Value &sum = sums[row * tile.columns + column];
          sum = math::FmaOp::create(builder, loc, rows[row][lane], columns[column][lane], sum);
        }
  }

  void finish(ArrayRef<Value> sums) override {
    buildIf(builder, loc, hasPart, [&] { store(sums); });
  }

  void store(ArrayRef<Value> sums) {
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t column = 0; column < tile.columns; ++column) {
        Value isInside;
        auto check = [&](Value first, int64_t number, int64_t stride, int64_t limit) {
          if ((number + 1) * stride <= limit)
            return;
          Value isHere = isBelow(addIndex(builder, loc, first, number * stride), limit);
          isInside = isInside ? Value(arith::AndIOp::create(builder, loc, isInside, isHere)) : isHere;
        };
        check(threadRow, row, tile.threadsOfRows, numRows);
        check(threadColumn, column, tile.threadsOfColumns, numColumns);
        buildIf(builder, loc, isInside, [&] {
          memref::StoreOp::create(builder, loc, sums[row * tile.columns + column], contraction.c->get(),
                                  getIndices(contraction.c, getRow(row), getColumn(column), {}));
        });
      }
  }

  ThreadTile tile;
  /// The thread's first row and column.
  Value threadRow, threadColumn;
};
} // namespace

void nn::emitStreamedProduct(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill,
                             Threads threads, SharedMemory &shared) {
  FmaStreamEmitter(builder, contraction, fill, threads, shared).emit();
}
