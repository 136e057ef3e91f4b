// The decisions follow Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008): a panel of b
// in the first cache, a block of a in the second, accumulators in registers.
#include "codegen/cpu/ContractionSchedule.h"
#include "codegen/cpu/Aliases.h"
#include "codegen/cpu/Loops.h"
#include "codegen/cpu/VectorBody.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/Support/FormatVariadic.h"
#include <numeric>

using namespace mlir;
using namespace mlir::nn;

// Below this many vectors of multiply-adds a task is not worth handing to another thread.
static constexpr int64_t vectorsPerTask = 1 << 14;
static constexpr int64_t maxTasks = 64;

// Where tasks copy what others copy too, there are no more than this.
static constexpr int64_t enoughTasks = 8, fewestTasks = 4;

// Tiles of rows that use a panel until its way from the outer caches does not count.
static constexpr int64_t minRowTilesForPanel = 20;

// Tiles of rows that are worth a task's copy of a panel, and tiles of columns a block of a.
static constexpr int64_t minRowTilesToCopy = 6, minColumnTilesToCopy = 8;

// Rows for which a task's copy of a panel of one vector takes next to no time.
static constexpr int64_t rowsPerSmallCopy = 128;

// Rows up to which b is read in place where the second cache holds it easily, and where it lies badly there; tiles of
// rows up to which more of it is better streamed than copied.
static constexpr int64_t maxRowsInPlace = 800, maxRowsInBadPlace = 400, maxRowTilesToStream = 24;

// Terms from which on the way of sums into scratch and back does not count for many rows either.
static constexpr int64_t longSum = 384;

// Bytes of as many pages as a core looks out for what is read next.
static constexpr int64_t followedBytes = 32 << 12;

// Of what streams in: terms at a time where there is one tile of rows, and bytes of a term that one task takes at
// least.
static constexpr int64_t streamedTerms = 32, streamedBytes = 4096;

// Rows up to which squares of b are better transposed for each tile than copied. A tile has one vector of columns then:
// its square and the sums fill the registers.
static constexpr int64_t maxRowsToTranspose = 12;

// Up to so many terms a product takes as long as its result's way to memory.
static constexpr int64_t fewTerms = 32;

// Rows of a tile from which on its FMAs hide b's way from the second cache, and terms up to which its rows of a stay in
// the first one beside that.
static constexpr int64_t rowsOfTallTile = 8, fewTermsOfTallTile = 256;

// Terms from which on vectors of them are worth a tree of sums at the end of each element.
static constexpr int64_t minTermsForLanes = 64;

// Rows that begin a multiple of this many bytes apart fall on few of a cache's sets.
static constexpr int64_t conflictingBytes = 2048;

// Bytes that fall on a set of a first cache each once: its sets times its lines.
static constexpr int64_t setsBytes = 4096;

// Accumulators that keep two FMAs a cycle of four cycles each busy.
static constexpr int64_t fewestChains = 8;

/// Into how many shares `total` tiles go where `wanted` are wanted: an even number of them where there are several, as
/// most machines have an even number of cores.
static int64_t getNumShares(int64_t total, int64_t wanted) {
  return std::clamp<int64_t>(wanted > 1 ? llvm::alignTo(wanted, 2) : wanted, 1, total);
}

namespace {
struct Scheduler {
  Scheduler(const Contraction &contraction, const CpuTarget &target, const ScheduleChoices &given)
      : contraction(contraction), target(target), given(given) {
    Type type = cast<MemRefType>(contraction.c->get().getType()).getElementType();
    bytes = llvm::divideCeil(type.getIntOrFloatBitWidth(), 8);
    lanes = target.getLanes(type);
    chooseLoops();
    s.isNested = isInsideParallelLoop(contraction.op);
    s.isHoisted = isHoisted();
  }

  ContractionSchedule run() {
    chooseTiling(target.vectorRegisters);
    if (sumsAlongLanes())
      s.panels = PanelsOfB::lanes;
    else if (given.panels)
      s.panels = *given.panels;
    else if (transposesInPlace())
      s.panels = PanelsOfB::transposed;
    if (s.panels == PanelsOfB::lanes || s.panels == PanelsOfB::transposed)
      chooseTiling(/*maxVectors=*/1);
    for (const TileRun &run : s.tiling.columns)
      s.panelWidth = std::max<int64_t>(s.panelWidth, llvm::alignTo(run.size, lanes));
    int64_t vectors = 1;
    for (auto [loop, extent] : llvm::enumerate(contraction.extents))
      vectors *= loop == contraction.vectorLoop ? llvm::divideCeil(extent, lanes) : extent;
    int64_t wanted = s.isNested ? 1 : std::clamp<int64_t>(vectors / vectorsPerTask, 1, maxTasks);
    // Of few tasks, a number that halves again.
    if (wanted < enoughTasks)
      wanted = llvm::bit_floor<uint64_t>(wanted * 4 / 3);
    chooseTasks(llvm::divideCeil(wanted, contraction.getNumPoints(s.outerLoops)));
    s.isParallel = !s.isNested && (wanted > 1 || s.rowTasks * s.columnTasks > 1);
    return s;
  }

  /// Why the given choices cannot be taken.
  std::string findProblem() {
    if (sumsAlongLanes())
      return "a product of one row that lies along the sum takes no schedule: its order of sums depends on it";
    if (given.tile && !fitsRegisters(target, given.tile->first, given.tile->second))
      return llvm::formatv("a tile of {0} rows and {1} vectors does not fit into {2} registers", given.tile->first,
                           given.tile->second, target.vectorRegisters);
    if (given.panels == PanelsOfB::transposed && (!canTranspose() || (given.tile && given.tile->second > 1)))
      return "squares are transposed in registers where b lies along the sum, for tiles of one vector";
    if (given.panels == PanelsOfB::shared && !contraction.hasOneB())
      return "panels are shared where all rows and columns read one b";
    if (contraction.sums.empty() && given.panels && goesByBlocks(*given.panels))
      return "there is no sum, and so no use for panels";
    if (given.panels == PanelsOfB::streamed && liesAcross())
      return "b is streamed where its columns lie side by side";
    int64_t extent = contraction.sums.empty() ? 1 : contraction.getExtent(contraction.sums.back());
    if (given.blockSums && *given.blockSums != extent &&
        (*given.blockSums < 1 || *given.blockSums > extent || *given.blockSums % termsPerTurn != 0))
      return llvm::formatv("a block of {0} terms is neither the sum of {1} nor a part of it in multiples of {2}",
                           *given.blockSums, extent, termsPerTurn);
    ContractionSchedule chosen = Scheduler(contraction, target, given).run();
    bool copies = chosen.copiesB();
    if (given.byRows == true && chosen.panels != PanelsOfB::inPlace)
      return "tiles go row by row where b is read in place";
    if ((!chosen.goesByBlocks() && given.blockSums) || (!copies && given.blockOfA))
      return "blocks of the sum go with panels of b, or b streamed, and blocks of a with panels";
    if (given.blockOfA && *given.blockOfA != BlockOfA::inPlace && !s.rowLoop)
      return "a has no rows to copy";
    if (given.blockOfA == BlockOfA::tileMajor && getStrideAlong(contraction.a, *s.rowLoop) != 1)
      return "a is copied tile by tile where its columns are contiguous";
    if (given.tasks) {
      auto [rows, columns] = *given.tasks;
      if (rows < 1 || columns < 1 || rows > chosen.tiling.getNumRowTiles() ||
          columns > chosen.tiling.getNumColumnTiles())
        return llvm::formatv("{0} x {1} tasks have no tiles each: there are {2} x {3}", rows, columns,
                             chosen.tiling.getNumRowTiles(), chosen.tiling.getNumColumnTiles());
      if (s.isNested && rows * columns > 1)
        return "inside a parallel loop all is one task";
    }
    return "";
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

  void chooseTiling(int64_t maxVectors) {
    int64_t rows = getNumRows(), columns = contraction.getExtent(contraction.vectorLoop);
    s.tiling = given.tile ? cutIntoTiles(lanes, rows, columns, given.tile->first, given.tile->second)
                          : chooseRegisterTiling(target, lanes, rows, columns, contraction.getNumTerms(), maxVectors,
                                                 getMostRowsOfTile());
  }

  /// A tile's rows of a have to stay in the first cache while it goes along the sum: those that begin a large power of
  /// two of bytes apart fall on few of its sets.
  int64_t getMostRowsOfTile() const {
    std::optional<int64_t> alongRows = s.rowLoop ? getStrideAlong(contraction.a, *s.rowLoop) : std::nullopt;
    if (!alongRows || *alongRows <= 1)
      return target.vectorRegisters;
    return std::max(fewestChains, getHeldLines(*alongRows * bytes, /*waysForOthers=*/2));
  }

  /// How many cache lines that begin so many bytes apart the first cache holds in all but so many of its ways.
  int64_t getHeldLines(int64_t apart, int64_t waysForOthers) const {
    int64_t distinctSets = setsBytes / std::max(cacheLineBytes, std::gcd(setsBytes, apart));
    return (target.l1Bytes / setsBytes - waysForOthers) * distinctSets;
  }

  void chooseTasks(int64_t wanted) {
    int64_t rowTiles = s.tiling.getNumRowTiles(), columnTiles = s.tiling.getNumColumnTiles();
    bool isOpen = s.panels == PanelsOfB::inPlace && !given.panels;
    s.goesByRows = given.byRows.value_or(isOpen && !s.isHoisted && writesMost());
    if (isOpen && !s.goesByRows && !s.isHoisted && streams(rowTiles))
      s.panels = PanelsOfB::streamed;
    bool copies = s.copiesB() || (isOpen && !s.goesByRows && (s.isHoisted || paysToCopyB(rowTiles)));
    if (s.panels == PanelsOfB::streamed) {
      chooseBlocks();
      s.columnTasks = getNumShares(columnTiles, getTasksOfStreams(wanted));
    } else if (s.goesByRows) {
      s.rowTasks = getNumShares(rowTiles, wanted);
    } else if (!copies) {
      // Each task has a part of its own of the larger one of b and the result; parts of the result side by side would
      // share cache lines.
      bool splitsRows = getNumRows() > contraction.getNumTerms();
      int64_t &first = splitsRows ? s.rowTasks : s.columnTasks, &second = splitsRows ? s.columnTasks : s.rowTasks;
      first = getNumShares(splitsRows ? rowTiles : columnTiles, wanted);
      second = getNumShares(splitsRows ? columnTiles : rowTiles, wanted / first);
    } else {
      chooseBlocks();
      chooseTasksOfBlocks(wanted);
    }
    // What would be tasks to fit a cache is no task inside another one.
    if (s.isNested)
      s.rowTasks = s.columnTasks = 1;
    if (given.tasks) {
      s.rowTasks = std::clamp<int64_t>(given.tasks->first, 1, rowTiles);
      s.columnTasks = std::clamp<int64_t>(given.tasks->second, 1, columnTiles);
    }
    s.asksAhead = asksAhead();
    if (!copies)
      return;
    BlockOfA better = getBetterLayoutOfA();
    // A copy also makes long runs of what comes from memory in pieces of a tile's rows. For one use that is worth it
    // where the pieces lie in more pages than the core follows.
    bool streamsA = better == BlockOfA::tileMajor && contraction.getExtent(contraction.vectorLoop) > lanes &&
                    getNumRows() * contraction.getNumTerms() * bytes > target.l2Bytes &&
                    (s.getColumnTilesPerTask() > 1 || getNumRows() * s.blockSums * bytes > followedBytes);
    bool copiesA =
        (streamsA || s.getColumnTilesPerTask() >= minColumnTilesToCopy) && s.getRowTilesPerTask() >= minRowTilesToCopy;
    s.blockOfA = given.blockOfA.value_or(copiesA ? better : BlockOfA::inPlace);
  }

  /// A b that the second cache holds easily is near after its first use. Of one that is streamed the core itself asks
  /// ahead in long runs, but not beyond the ends of short ones.
  bool asksAhead() const {
    return s.panels == PanelsOfB::shared     ? getBytesOfB() > target.l2Bytes / 2
           : s.panels == PanelsOfB::streamed ? s.getColumnsPerTask() * bytes < streamedBytes
                                             : false;
  }

  /// As few as give threads something to do and leave long runs; more where the sums that wait would not stay in the
  /// second cache.
  int64_t getTasksOfStreams(int64_t wanted) const {
    int64_t row = contraction.getExtent(contraction.vectorLoop) * bytes, few = std::min(wanted, enoughTasks);
    int64_t longRuns = llvm::bit_floor<uint64_t>(row / streamedBytes);
    return std::max(std::clamp(longRuns, std::min<int64_t>(few, 2), few),
                    static_cast<int64_t>(llvm::divideCeil(2 * getNumRows() * row, target.l2Bytes)));
  }

  void chooseTasksOfBlocks(int64_t wanted) {
    int64_t rowTiles = s.tiling.getNumRowTiles(), columnTiles = s.tiling.getNumColumnTiles();
    int64_t few = std::min(wanted, enoughTasks), rows = getNumRows(), fittingRows = getFittingRows(s.blockSums);
    // Tasks by rows lose nothing where each tile of rows reads a panel from the second cache anyway, and gain where the
    // result is by far the largest operand: parts of it side by side would share cache lines.
    bool writesLines = rows > 4 * contraction.getNumTerms();
    bool splitsRows = (readsSecondCache || writesLines) && rowTiles >= fewestTasks * minRowTilesToCopy;
    // A copy of so little takes as long as a small part of one tile of rows.
    bool isSmall = columnTiles == 1 && staysInFirstCache();
    if (!given.panels)
      s.panels = s.isHoisted || (canShare() && !isSmall && (rows > fittingRows || splitsRows)) ? PanelsOfB::shared
                                                                                               : PanelsOfB::perTask;
    if (s.panels == PanelsOfB::shared) {
      // Tasks by rows, enough of them for a panel's way from the outer caches not to count, and not more than stay in
      // the second cache: each copies its own part of a, and b's panels are made once.
      int64_t fittingTiles = std::max<int64_t>(1, fittingRows / s.tiling.rows.front().size);
      int64_t fewest = splitsRows ? minRowTilesToCopy : minRowTilesForPanel;
      s.rowTasks = getNumShares(
          rowTiles, std::max<int64_t>(llvm::divideCeil(rowTiles, fittingTiles), std::min(few, rowTiles / fewest)));
      s.columnTasks = getNumShares(
          columnTiles, std::min<int64_t>(llvm::divideCeil(few, s.rowTasks), columnTiles / minColumnTilesToCopy));
    } else if (isSmall) {
      s.rowTasks = getNumShares(
          rowTiles,
          std::min({wanted, std::max<int64_t>(2, llvm::alignDown(rows / rowsPerSmallCopy, 2)), rowTiles / 2}));
    } else {
      auto split = [&](int64_t mostColumnTasks) {
        s.columnTasks = getNumShares(columnTiles, mostColumnTasks);
        // Few tasks of many rows, but never too few tasks.
        int64_t missing = llvm::divideCeil(std::min(few, fewestTasks), s.columnTasks);
        s.rowTasks = getNumShares(
            rowTiles, std::max(std::min<int64_t>(llvm::divideCeil(few, s.columnTasks), rowTiles / minRowTilesForPanel),
                               std::min<int64_t>(missing, rowTiles / minRowTilesToCopy)));
      };
      bool copiesA = getBetterLayoutOfA() != BlockOfA::inPlace && columnTiles >= minColumnTilesToCopy;
      split(copiesA ? std::min(few, columnTiles / minColumnTilesToCopy) : few);
      // Threads without a task would cost more than a copy of a saves, and so would a copy of all of b for each task.
      bool isTooFew = s.rowTasks * s.columnTasks < std::min(few, fewestTasks);
      bool copiesMore = s.rowTasks > 1 && s.columnTasks == 1 && contraction.getExtent(contraction.vectorLoop) >= rows;
      if (copiesA && (isTooFew || copiesMore))
        split(few);
    }
  }

  /// One row, which uses each element of b once: to transpose that would take longer than to multiply it.
  bool sumsAlongLanes() const {
    Type type = cast<MemRefType>(contraction.c->get().getType()).getElementType();
    return isa<FloatType>(type) && (!s.rowLoop || contraction.getExtent(*s.rowLoop) == 1) &&
           contraction.sums.size() == 1 && contraction.getNumTerms() >= minTermsForLanes && liesAcross() &&
           getStrideAlong(contraction.b, contraction.sums.back()) == 1 &&
           getStrideAlong(contraction.a, contraction.sums.back()) == 1;
  }

  /// Whether b's columns lie one after the other, and too few rows use it for a copy, which no loop would share, to pay
  /// off.
  bool transposesInPlace() const {
    return getNumRows() <= maxRowsToTranspose && canTranspose() &&
           findCopyPlace(contraction.op, contraction.b->get()) == contraction.op;
  }

  bool canTranspose() const {
    return lanes > 1 && llvm::isPowerOf2_64(lanes) && !contraction.sums.empty() && liesAcross() &&
           getStrideAlong(contraction.b, contraction.sums.back()) == 1;
  }

  /// Enough rows use a panel, many where the second cache holds b easily; or b's columns lie one after the other, and
  /// all of it would be copied otherwise; or its vectors are slow to read in place.
  bool paysToCopyB(int64_t rowTiles) const {
    if (contraction.sums.empty())
      return false;
    if (liesAcross())
      return true;
    if (staysInFirstCache())
      return crossesLines() && rowTiles >= minRowTilesToCopy;
    return getBytesOfB() <= target.l2Bytes / 2 ? getNumRows() > (liesBadly() ? maxRowsInBadPlace : maxRowsInPlace)
                                               : rowTiles >= minRowTilesToCopy;
  }

  /// Whether tiles read b in place from the second cache and feel it: a tile's columns take more lines than the first
  /// cache holds, and vectors lie on two lines each, or tiles are short and a lies across too.
  bool liesBadly() const {
    std::optional<int64_t> apart = getBytesBetweenTerms();
    if (!apart || !staysInSecondCache())
      return false;
    bool onTwoLines = *apart % cacheLineBytes != 0;
    int64_t lines = llvm::divideCeil(s.panelWidth * bytes, cacheLineBytes) + onTwoLines;
    int64_t held =
        std::min(lines * getHeldLines(*apart, /*waysForOthers=*/2), getHeldLines(cacheLineBytes, /*waysForOthers=*/2));
    if (lines * contraction.getExtent(contraction.sums.back()) <= held)
      return false;
    bool liesAcrossA = getStrideAlong(contraction.a, contraction.sums.back()) != 1;
    return onTwoLines || (liesAcrossA && s.tiling.rows.front().size < rowsOfTallTile);
  }

  /// Whether tiles of one vector, which have a load for each FMA, read most of b's vectors across the end of a cache
  /// line.
  bool crossesLines() const {
    std::optional<int64_t> apart = getBytesBetweenTerms();
    return apart && *apart != 0 && !liesAcross() && contraction.getExtent(contraction.vectorLoop) < lanes &&
           *apart % cacheLineBytes != 0 && cacheLineBytes % *apart != 0;
  }

  /// Few terms for each element of a result that goes to memory, and b is small enough to be read anew for each tile of
  /// rows: the result is then written in long runs.
  bool writesMost() const {
    int64_t results = 1;
    for (unsigned loop = 0; loop < contraction.extents.size(); ++loop)
      if (!llvm::is_contained(contraction.sums, loop))
        results *= contraction.getExtent(loop);
    return contraction.getNumTerms() <= (readsInLines() ? fewTermsOfTallTile : fewTerms) &&
           results * bytes > target.l2Bytes && getBytesOfB() <= target.l2Bytes / 2;
  }

  /// Tall tiles that read whole lines of b, and runs of a.
  bool readsInLines() const {
    if (!s.rowLoop || contraction.sums.size() != 1 || liesAcross() || s.tiling.rows.front().size < rowsOfTallTile)
      return false;
    std::optional<int64_t> apart = getBytesBetweenTerms();
    return apart && *apart % cacheLineBytes == 0 && getStrideAlong(contraction.a, contraction.sums.back()) == 1;
  }

  /// Few rows, which wait for nothing but b's way from the outer caches: these give ahead of what is read where long
  /// runs are read.
  bool streams(int64_t rowTiles) const {
    int64_t terms = contraction.sums.empty() ? 0 : contraction.getExtent(contraction.sums.back());
    return !s.isNested && rowTiles < (terms < longSum ? minRowTilesToCopy : maxRowTilesToStream) &&
           getBytesOfB() > (rowTiles == 1 ? target.l2Bytes : target.l2Bytes / 2) && !liesAcross() &&
           terms >= 2 * streamedTerms;
  }

  /// From a column's term to its next one in b; nothing where they lie unequally far apart.
  std::optional<int64_t> getBytesBetweenTerms() const {
    std::optional<int64_t> alongSum = getStrideAlong(contraction.b, contraction.sums.back());
    return alongSum ? std::optional(*alongSum * bytes) : std::nullopt;
  }

  /// Whether b's columns do not lie side by side.
  bool liesAcross() const { return getStrideAlong(contraction.b, contraction.vectorLoop) != 1; }

  int64_t getBytesOfB() const {
    return contraction.getNumTerms() * contraction.getExtent(contraction.vectorLoop) * bytes;
  }
  bool staysInFirstCache() const { return getBytesOfB() <= target.l1Bytes / 2; }

  /// Whether panels of b can be made once for all tasks.
  bool canShare() const { return !s.isNested && contraction.hasOneB(); }

  /// Whether a loop around the contraction reads the same b again and again.
  bool isHoisted() const {
    auto loop = contraction.op->getParentOfType<scf::ForOp>();
    return loop && contraction.hasOneB() && findCopyPlace(contraction.op, contraction.b->get())->isAncestor(loop) &&
           (liesAcross() || !staysInFirstCache());
  }

  int64_t getNumRows() const { return s.rowLoop ? contraction.getExtent(*s.rowLoop) : 1; }

  /// Rows of a of so many terms that stay in the second cache.
  int64_t getFittingRows(int64_t terms) const { return std::max<int64_t>(1, target.l2Bytes / 2 / (terms * bytes)); }

  void chooseBlocks() {
    // A panel takes half of the first cache; the other half is for a's rows. Where sums that wait between blocks go
    // beyond the second cache, blocks are fewer and panels larger. A sum whose panel just fills the cache is not cut:
    // waiting would take longer than what the cache does not hold. Nor is one whose panel tiles can read from
    // the second cache as well; where more rows than stay there share panels, longer sums' blocks are as large.
    int64_t extent = contraction.getExtent(contraction.sums.back());
    int64_t filling = std::max<int64_t>(1, target.l1Bytes / (s.panelWidth * bytes));
    int64_t fitting = std::max<int64_t>(1, filling / 2), uncut = target.streamedPanelBytes / (s.panelWidth * bytes);
    int64_t waiting = std::min(getNumRows(), getFittingRows(fitting)) * contraction.getExtent(contraction.vectorLoop);
    if (waiting * bytes > target.l2Bytes)
      fitting = llvm::alignTo(llvm::divideCeil(2 * filling, 3), termsPerTurn);
    if (uncut > filling && canShare() && getNumRows() > getFittingRows(fitting))
      fitting = std::max(fitting, uncut / termsPerTurn * termsPerTurn);
    if (s.panels == PanelsOfB::streamed)
      filling = fitting = uncut =
          s.tiling.getNumRowTiles() == 1 ? streamedTerms : llvm::alignTo(filling / 4, termsPerTurn);
    s.blocksPerSum = extent <= std::max(filling, uncut) ? 1 : llvm::divideCeil(extent, fitting);
    readsSecondCache = s.blocksPerSum == 1 && extent > filling;
    s.blockSums = given.blockSums.value_or(
        std::min<int64_t>(extent, llvm::alignTo(llvm::divideCeil(extent, s.blocksPerSum), termsPerTurn)));
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
      return readsSecondCache || (alongRows && *alongRows * bytes % conflictingBytes != 0) ? BlockOfA::inPlace
                                                                                           : BlockOfA::rowMajor;
    if (alongRows != 1)
      return BlockOfA::rowMajor;
    // It lies across: few tiles read the same line of it where they have many rows, and what a block of it takes stays
    // near where few of its lines fall on the same sets, or the second cache holds both factors.
    bool staysNear = s.panels == PanelsOfB::streamed
                         ? alongSum && s.blockSums <= getHeldLines(*alongSum * bytes, /*waysForOthers=*/0)
                         : staysInSecondCache();
    return staysNear && 2 * s.tiling.rows.front().size * bytes > cacheLineBytes ? BlockOfA::inPlace
                                                                                : BlockOfA::tileMajor;
  }

  /// Whether the second cache holds each factor.
  bool staysInSecondCache() const {
    return getBytesOfB() <= target.l2Bytes && getNumRows() * contraction.getNumTerms() * bytes <= target.l2Bytes;
  }

  const Contraction &contraction;
  const CpuTarget &target;
  const ScheduleChoices &given;
  int64_t bytes, lanes;
  /// Panels are larger than the first cache.
  bool readsSecondCache = false;
  ContractionSchedule s;
};
} // namespace

ContractionSchedule nn::scheduleContraction(const Contraction &contraction, const CpuTarget &target) {
  Operation *op = contraction.op;
  Attribute attribute = op->getAttr(scheduleAttributeName);
  FailureOr<ScheduleChoices> given = attribute ? readScheduleAttribute(op, attribute) : ScheduleChoices();
  assert(succeeded(given) && "nn-lower-contractions has verified it");
  return Scheduler(contraction, target, *given).run();
}

ContractionSchedule nn::scheduleContraction(const Contraction &contraction, const CpuTarget &target,
                                            const ScheduleChoices &choices) {
  return Scheduler(contraction, target, choices).run();
}

std::string nn::findScheduleProblem(const Contraction &contraction, const CpuTarget &target,
                                    const ScheduleChoices &choices) {
  return Scheduler(contraction, target, choices).findProblem();
}
