// Products with a first factor that streams through shared memory; see StreamedProduct.h.
#include "codegen/gpu/StreamedProduct.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "codegen/gpu/VectorLoad.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::nn;

static constexpr int64_t warpSize = 32;
/// Of a multiprocessor; each adds for a warp at a time.
static constexpr int64_t schedulers = 4;
/// Cycles in which shared memory gives each thread of a warp a vector, wherever it lies: 128 bytes a cycle (as counted
/// on an H200).
static constexpr int64_t cyclesOfVector = 4;
/// Parts of the first factor that are on their way or being read, at most; the bytes of one, about; and the terms of
/// which it has no fewer where there is room. Threads wait for each other at each.
static constexpr int64_t mostStages = 4, stageBytes = 20 << 10, stageTerms = 64;
/// Sums that a thread holds at most.
static constexpr int64_t mostSums = 32;
/// FMAs between which a thread's code does not loop, about.
static constexpr int64_t fmasAtOnce = 256;

namespace {
/// How terms come to shared memory.
struct Stages {
  int64_t count, terms;
  MemRefType type;
};

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

/// The longest stages of equally many terms that there is room for, and as many as make sense.
static std::optional<Stages> chooseStages(const Contraction &contraction, const SharedMemory &shared) {
  int64_t rows = countRows(contraction), terms = contraction.getNumTerms();
  Type element = Float32Type::get(contraction.op->getContext());
  for (int64_t each = terms; each >= vectorElements; each -= vectorElements) {
    if (terms % each != 0 || each % vectorElements != 0 || (rows * each * 4 > stageBytes && each > stageTerms))
      continue;
    for (int64_t count = std::min(mostStages, terms / each); count > (each < terms ? 1 : 0); --count) {
      // Rows apart by such a number of elements that vectors of eight of them lie in different banks.
      auto type = MemRefType::get({count, rows, each + vectorElements}, element);
      if (shared.hasRoomFor(type))
        return Stages{count, each, type};
    }
  }
  return std::nullopt;
}

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
  auto isAlongSum = [&](OpOperand *operand) {
    return getElementTypeOrSelf(operand->get().getType()).isF32() && hasVectorRows(operand->get()) &&
           getStrideAlong(operand, contraction.sums[0]) == 1;
  };
  linalg::GenericOp op = contraction.op;
  bool isPlain = llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) { return map.isProjectedPermutation(); });
  return isa<scf::ForOp>(op->getParentOp()) && contraction.hasOneB() && contraction.rows.size() <= 1 && isPlain &&
         !isShared(contraction.a->get()) && isAlongSum(contraction.a) && isAlongSum(contraction.b) &&
         getElementTypeOrSelf(contraction.c->get().getType()).isF32() && chooseStages(contraction, shared) &&
         chooseThreadTile(countRows(contraction), countColumns(contraction), numThreads);
}

namespace {
class StreamEmitter : IndexEmitter {
public:
  StreamEmitter(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill, Threads threads,
                const Stages &stages, const ThreadTile &tile)
      : IndexEmitter(builder, contraction.op->getLoc()), contraction(contraction), op(contraction.op), fill(fill),
        threads(threads), stages(stages), tile(tile), ivs(op.getNumLoops()), numRows(countRows(contraction)),
        numColumns(countColumns(contraction)), numStages(contraction.getNumTerms() / stages.terms) {}

  void emit(SharedMemory &shared) {
    parts = shared.allocate(builder, loc, stages.type);
    enterTile();
    // Until all have read what the stages held before.
    gpu::BarrierOp::create(builder, loc);
    for (int64_t stage = 0; stage < stages.count - 1; ++stage)
      startCopy(constant(stage), constant(stage));
    if (stages.count == 1)
      startCopy(constant(0), constant(0));
    SmallVector<Value> sums = ifHasPart([&] { return getInitial(); }, [&] { return getZeros(); });
    sums = buildLoop(builder, loc, 0, numStages, 1, sums, [&](Value stage, ValueRange carried) {
      waitForCopies(std::max<int64_t>(stages.count - 2, 0));
      gpu::BarrierOp::create(builder, loc);
      // Into the place that all have read before the barrier.
      if (stages.count > 1)
        startNext(addIndex(builder, loc, stage, stages.count - 1));
      Value place = remainder(stage, stages.count);
      return ifHasPart([&] { return addStage(stage, place, carried); }, [&] { return SmallVector<Value>(carried); });
    });
    buildIf(builder, loc, hasPart, [&] { store(sums); });
  }

private:
  /// On threads that have a part of the result, and on the others.
  SmallVector<Value> ifHasPart(llvm::function_ref<SmallVector<Value>()> yes,
                               llvm::function_ref<SmallVector<Value>()> no) {
    if (!hasPart)
      return yes();
    return buildIf(builder, loc, hasPart, SmallVector<Type>(tile.rows * tile.columns, builder.getF32Type()), yes, no);
  }

  void enterTile() {
    if (tile.countThreads() < threads.count)
      hasPart = isBelow(threads.id, tile.countThreads());
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

  SmallVector<Value> getIndices(OpOperand *operand, Value row, Value column, Value term) {
    if (!contraction.rows.empty())
      ivs[contraction.rows[0]] = row;
    ivs[contraction.columns[0]] = column;
    ivs[contraction.sums[0]] = term;
    SmallVector<Value> at;
    for (AffineExpr expr : op.getMatchingIndexingMap(operand).getResults())
      at.push_back(ivs[cast<AffineDimExpr>(expr).getPosition()]);
    return at;
  }

  //===-- The first factor's way to shared memory ---------------------------===//

  /// Copies the terms of a stage to `place`, as a group of its own.
  void startCopy(Value stage, Value place) {
    int64_t vectors = stages.terms / vectorElements;
    // Asynchronous copies name shared memory by its type.
    Value target = parts.getDefiningOp<memref::MemorySpaceCastOp>().getSource();
    SmallVector<Value> tokens;
    forEachPoint(builder, loc, numRows * vectors, threads, [&](Value vector) {
      Value row = divide(vector, vectors), first = multiply(remainder(vector, vectors), vectorElements);
      Value term = add(multiply(stage, stages.terms), first);
      nvgpu::DeviceAsyncCopyOp::create(builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()), target,
                                       ValueRange{place, row, first}, contraction.a->get(),
                                       getIndices(contraction.a, row, {}, term), builder.getIndexAttr(vectorElements),
                                       Value(), builder.getUnitAttr());
    });
    endGroup();
  }

  void endGroup() {
    lastGroup = nvgpu::DeviceAsyncCreateGroupOp::create(
        builder, loc, nvgpu::DeviceAsyncTokenType::get(builder.getContext()), ValueRange());
  }

  /// Where there is such a stage; a group in any case, as waiting counts them.
  void startNext(Value stage) {
    buildIf(
        builder, loc, isBelow(stage, numStages), [&] { startCopy(stage, remainder(stage, stages.count)); },
        [&] { endGroup(); });
  }

  void waitForCopies(int64_t pending) {
    nvgpu::DeviceAsyncWaitOp::create(builder, loc, lastGroup, builder.getI32IntegerAttr(pending));
  }

  //===-- Sums ---------------------------------------------------------------===//

  SmallVector<Value> getZeros() {
    Value zero = arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
    return SmallVector<Value>(tile.rows * tile.columns, zero);
  }

  SmallVector<Value> getInitial() {
    SmallVector<Value> sums;
    for (int64_t row = 0; row < tile.rows; ++row)
      for (int64_t column = 0; column < tile.columns; ++column) {
        SmallVector<Value> at = getIndices(contraction.c, getRow(row), getColumn(column), {});
        sums.push_back(fill ? VectorBody(builder, noVectors, fill, at, 0, 0).emit().front()
                            : Value(memref::LoadOp::create(builder, loc, contraction.c->get(), at)));
      }
    return sums;
  }

  SmallVector<Value> addStage(Value stage, Value place, ValueRange carried) {
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

  const Contraction &contraction;
  linalg::GenericOp op, fill;
  Threads threads;
  Stages stages;
  ThreadTile tile;
  SmallVector<Value> ivs;
  int64_t numRows, numColumns, numStages;
  /// The first factor's stages.
  Value parts;
  /// Whether the thread has a part of the result; null where all have. And its first row and column.
  Value hasPart, threadRow, threadColumn;
  Value lastGroup;
  CpuTarget noVectors;
};
} // namespace

void nn::emitStreamedProduct(OpBuilder &builder, const Contraction &contraction, linalg::GenericOp fill,
                             Threads threads, SharedMemory &shared) {
  ThreadTile tile = *chooseThreadTile(countRows(contraction), countColumns(contraction), threads.count);
  StreamEmitter(builder, contraction, fill, threads, *chooseStages(contraction, shared), tile).emit(shared);
}
