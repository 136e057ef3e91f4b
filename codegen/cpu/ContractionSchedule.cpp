// The decisions follow Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): a panel of b
// in the first cache, a block of a in the second, accumulators in registers.
#include "codegen/cpu/ContractionSchedule.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace mlir::nn;

// Below this many multiply-adds a task is not worth handing to another thread.
static constexpr int64_t multiplyAddsPerTask = 1 << 18;
static constexpr int64_t maxTasks = 64;

// Where tasks copy what others copy too, there are no more than this.
static constexpr int64_t enoughTasks = 8, fewestTasks = 4;

// Tiles of rows that use a panel until its way from the outer caches does not count.
static constexpr int64_t minRowTilesForPanel = 20;

// Tiles of rows that use a panel until its copy has paid off, and tiles of columns a block of a.
static constexpr int64_t minRowTilesToCopy = 6, minColumnTilesToCopy = 8;

// Vectors of columns in a tile for which squares are transposed: each takes several instructions a term.
static constexpr int64_t maxTransposedVectors = 4;

// Up to so many terms a product takes as long as its result's way to memory.
static constexpr int64_t fewTerms = 32;

// Terms from which on vectors of them are worth a tree of sums at the end of each element.
static constexpr int64_t minTermsForLanes = 64;

// Rows that begin a multiple of this many bytes apart fall on few of a cache's sets.
static constexpr int64_t conflictingBytes = 2048;

/// Into how many equal shares, the last one possibly smaller, `total` tiles go where `wanted` are wanted.
static int64_t getNumShares(int64_t total, int64_t wanted) {
  return llvm::divideCeil(total, llvm::divideCeil(total, std::clamp<int64_t>(wanted, 1, total)));
}

namespace {
struct Scheduler {
  Scheduler(const Contraction &contraction, const CpuTarget &target) : contraction(contraction), target(target) {
    Type type = cast<MemRefType>(contraction.c->get().getType()).getElementType();
    bytes = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
    lanes = target.getLanes(type);
  }

  ContractionSchedule run() {
    chooseLoops();
    int64_t rows = s.rowLoop ? contraction.getExtent(*s.rowLoop) : 1;
    auto chooseTiling = [&](int64_t maxVectors) {
      s.tiling = chooseRegisterTiling(target, lanes, rows, contraction.getExtent(contraction.vectorLoop),
                                      contraction.getNumTerms(), maxVectors);
    };
    chooseTiling(target.vectorRegisters);
    if (sumsAlongLanes())
      s.panels = PanelsOfB::lanes;
    else if (transposesInPlace())
      s.panels = PanelsOfB::transposed;
    if (s.panels != PanelsOfB::inPlace) {
      chooseTiling(maxTransposedVectors);
    }
    for (const TileRun &run : s.tiling.columns)
      s.panelWidth = std::max<int64_t>(s.panelWidth, llvm::alignTo(run.size, lanes));
    int64_t work = 1;
    for (int64_t extent : contraction.extents)
      work *= extent;
    isNested = isInsideParallelLoop(contraction.op);
    int64_t wanted = isNested ? 1 : std::clamp<int64_t>(work / multiplyAddsPerTask, 1, maxTasks);
    s.isParallel = wanted > 1;
    int64_t numOuter = 1;
    for (unsigned loop : s.outerLoops)
      numOuter *= contraction.getExtent(loop);
    chooseTasks(llvm::divideCeil(wanted, numOuter));
    return s;
  }

private:
  void chooseLoops() {
    for (unsigned loop : contraction.rows)
      if (!s.rowLoop || contraction.getExtent(loop) > contraction.getExtent(*s.rowLoop))
        s.rowLoop = loop;
    for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
      if (loop != s.rowLoop && loop != contraction.vectorLoop && !llvm::is_contained(contraction.sums, loop))
        s.outerLoops.push_back(loop);
  }

  void chooseTasks(int64_t wanted) {
    int64_t rowTiles = s.tiling.getNumRowTiles(), columnTiles = s.tiling.getNumColumnTiles();
    bool hoisted = isHoisted();
    s.goesByRows = !hoisted && s.panels == PanelsOfB::inPlace && writesMost();
    if (s.goesByRows) {
      s.rowTasks = getNumShares(rowTiles, wanted);
      return;
    }
    if (s.panels != PanelsOfB::inPlace || (!hoisted && !paysToCopyB(rowTiles))) {
      // Tasks by columns first: each reads its own part of b, and a is the smaller one as a rule.
      s.columnTasks = getNumShares(columnTiles, wanted);
      s.rowTasks = getNumShares(rowTiles, llvm::divideCeil(wanted, s.columnTasks));
      return;
    }
    chooseBlocks();
    int64_t few = std::min(wanted, enoughTasks), rows = s.rowLoop ? contraction.getExtent(*s.rowLoop) : 1;
    int64_t fittingRows = std::max<int64_t>(1, target.l2Bytes / 2 / (s.blockSums * bytes));
    BlockOfA better = getBetterLayoutOfA();
    if (hoisted || (rows > fittingRows && canShare())) {
      // Tasks by rows, enough of them for a panel's way from the outer caches not to count, and not more than stay in
      // the second cache: each copies its own part of a, and b's panels are made once.
      s.panels = PanelsOfB::shared;
      int64_t fittingTiles = std::max<int64_t>(1, fittingRows / s.tiling.rows.front().size);
      s.rowTasks = getNumShares(rowTiles, std::max<int64_t>(llvm::divideCeil(rowTiles, fittingTiles),
                                                            std::min(few, rowTiles / minRowTilesForPanel)));
      s.columnTasks = getNumShares(
          columnTiles, std::min<int64_t>(llvm::divideCeil(few, s.rowTasks), columnTiles / minColumnTilesToCopy));
    } else {
      s.panels = PanelsOfB::perTask;
      bool copiesA = better != BlockOfA::inPlace && columnTiles >= minColumnTilesToCopy;
      s.columnTasks = getNumShares(columnTiles, copiesA ? std::min(few, columnTiles / minColumnTilesToCopy) : few);
      // Few tasks of many rows, but never too few tasks.
      int64_t missing = llvm::divideCeil(std::min(few, fewestTasks), s.columnTasks);
      s.rowTasks = getNumShares(
          rowTiles, std::max(std::min<int64_t>(llvm::divideCeil(few, s.columnTasks), rowTiles / minRowTilesForPanel),
                             std::min<int64_t>(missing, rowTiles / minRowTilesToCopy)));
    }
    if (s.getColumnTilesPerTask() >= minColumnTilesToCopy && s.getRowTilesPerTask() >= minRowTilesToCopy)
      s.blockOfA = better;
  }

  /// One row, which uses each element of b once: to transpose that would take longer than to multiply it.
  bool sumsAlongLanes() const {
    Type type = cast<MemRefType>(contraction.c->get().getType()).getElementType();
    return isa<FloatType>(type) && (!s.rowLoop || contraction.getExtent(*s.rowLoop) == 1) &&
           contraction.sums.size() == 1 && contraction.getNumTerms() >= minTermsForLanes &&
           getStrideAlong(contraction.b, contraction.vectorLoop) != 1 &&
           getStrideAlong(contraction.b, contraction.sums.back()) == 1 &&
           getStrideAlong(contraction.a, contraction.sums.back()) == 1;
  }

  /// Whether b's columns lie one after the other, and too few rows use it for a copy, which no loop would share, to pay
  /// off.
  bool transposesInPlace() const {
    return s.tiling.getNumRowTiles() == 1 && lanes > 1 && llvm::isPowerOf2_64(lanes) && !contraction.sums.empty() &&
           getStrideAlong(contraction.b, contraction.vectorLoop) != 1 &&
           getStrideAlong(contraction.b, contraction.sums.back()) == 1 &&
           findCopyPlace(contraction.op, contraction.b->get()) == contraction.op;
  }

  /// Enough rows use a panel; or b comes from the outer caches anyway, where rows of it that lie far apart come slowly;
  /// or its columns lie one after the other, and all of it would be copied otherwise.
  bool paysToCopyB(int64_t rowTiles) const {
    bool liesAcross = getStrideAlong(contraction.b, contraction.vectorLoop) != 1;
    bool isFar = getBytesOfB() > target.l2Bytes;
    return !contraction.sums.empty() && rowTiles >= (liesAcross || isFar ? 2 : minRowTilesToCopy) &&
           !staysInFirstCache();
  }

  /// Few terms for each element of a result that goes to memory, and b is small enough to be read anew for each tile of
  /// rows.
  bool writesMost() const {
    int64_t results = 1;
    for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
      if (!llvm::is_contained(contraction.sums, loop))
        results *= contraction.getExtent(loop);
    return contraction.getNumTerms() <= fewTerms && results * bytes > target.l2Bytes &&
           getBytesOfB() <= target.l2Bytes / 2 && getStrideAlong(contraction.b, contraction.vectorLoop) == 1;
  }

  int64_t getBytesOfB() const {
    return contraction.getNumTerms() * contraction.getExtent(contraction.vectorLoop) * bytes;
  }
  bool staysInFirstCache() const { return getBytesOfB() <= target.l1Bytes / 2; }

  /// Whether panels of b can be made once for all tasks.
  bool canShare() const { return !isNested && contraction.hasOneB(); }

  /// Whether a loop around the contraction reads the same b again and again.
  bool isHoisted() const {
    auto loop = contraction.op->getParentOfType<scf::ForOp>();
    return loop && contraction.hasOneB() && findCopyPlace(contraction.op, contraction.b->get())->isAncestor(loop) &&
           !staysInFirstCache();
  }

  void chooseBlocks() {
    // A panel takes half of the first cache; the other half is for a's rows.
    int64_t extent = contraction.getExtent(contraction.sums.back());
    int64_t fitting = std::max<int64_t>(1, target.l1Bytes / 2 / (s.panelWidth * bytes));
    s.blocksPerSum = 2 * extent <= 3 * fitting ? 1 : llvm::divideCeil(extent, fitting);
    s.blockSums = std::min<int64_t>(extent, llvm::alignTo(llvm::divideCeil(extent, s.blocksPerSum), termsPerTurn));
    s.blocksPerSum = llvm::divideCeil(extent, s.blockSums);
    s.numBlocks = s.blocksPerSum * (contraction.getNumTerms() / extent);
  }

  /// Where a's elements for consecutive terms lie far apart, or its rows on the same sets of a cache, the block of a in
  /// use is better copied.
  BlockOfA getBetterLayoutOfA() {
    if (!s.rowLoop)
      return BlockOfA::inPlace;
    std::optional<int64_t> alongSum = getStrideAlong(contraction.a, contraction.sums.back());
    std::optional<int64_t> alongRows = getStrideAlong(contraction.a, *s.rowLoop);
    if (alongSum == 1)
      return alongRows && *alongRows * bytes % conflictingBytes != 0 ? BlockOfA::inPlace : BlockOfA::rowMajor;
    return alongRows == 1 ? BlockOfA::tileMajor : BlockOfA::rowMajor;
  }

  const Contraction &contraction;
  const CpuTarget &target;
  int64_t bytes, lanes;
  bool isNested = false;
  ContractionSchedule s;
};
} // namespace

ContractionSchedule nn::scheduleContraction(const Contraction &contraction, const CpuTarget &target) {
  return Scheduler(contraction, target).run();
}
