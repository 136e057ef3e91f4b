// How a contraction is cut: into tasks for threads, blocks for caches, tiles for registers; and which operands are
// copied to lie as the innermost loop reads them. Decided by the shape, the operands' layout and the target alone,
// never by the number of threads. Each element is one chain of multiply-adds in increasing order of the sum's loops;
// but where PanelsOfB::lanes is chosen, which shape and layout alone decide, sixteen chains and a tree.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/cpu/RegisterTile.h"
#include "codegen/cpu/ScheduleChoices.h"
#include "codegen/cpu/Target.h"

namespace mlir::nn {

/// Terms of a sum that one turn of the innermost loop adds; blocks of the sum are multiples of them.
inline constexpr int64_t termsPerTurn = 4;

inline constexpr int64_t cacheLineBytes = 64;

struct ContractionSchedule {
  /// Loops around all tiles; one of the rows' loops, if there are any, runs through a tile's rows.
  SmallVector<unsigned> outerLoops;
  std::optional<unsigned> rowLoop;
  RegisterTiling tiling;
  /// Columns of the widest tile, in whole vectors.
  int64_t panelWidth = 0;

  /// Tasks for each point of the outer loops.
  int64_t rowTasks = 1, columnTasks = 1;
  bool isParallel = false;

  /// Whether the contraction stands inside a parallel loop, and whether a loop around it reads the same b again and
  /// again.
  bool isNested = false, isHoisted = false;

  /// Tiles that read b in place go row by row, rather than column by column: the result is written as it lies.
  bool goesByRows = false;

  /// A panel holds one tile's columns of b. Its part for `blockSums` terms of the innermost sum stays in the first
  /// cache while all the task's rows use it, or in the second where that is fast enough; sums that take several blocks
  /// wait in scratch between them.
  PanelsOfB panels = PanelsOfB::inPlace;
  /// Whether the second cache is asked for what comes next of b: of shared panels the next one while tiles of rows use
  /// one, of a streamed b the next block.
  bool asksAhead = false;
  int64_t blockSums = 0, blocksPerSum = 1, numBlocks = 1;
  /// The block of a stays in the second cache while all the task's columns use it.
  BlockOfA blockOfA = BlockOfA::inPlace;

  bool copiesB() const { return nn::copiesB(panels); }
  bool goesByBlocks() const { return nn::goesByBlocks(panels); }

  /// Of the first task: no task has more.
  int64_t getRowTilesPerTask() const { return llvm::divideCeil(tiling.getNumRowTiles(), rowTasks); }
  int64_t getRowsPerTask() const { return getStart(tiling.rows, getRowTilesPerTask()); }
  int64_t getColumnTilesPerTask() const { return llvm::divideCeil(tiling.getNumColumnTiles(), columnTasks); }
  int64_t getColumnsPerTask() const { return getStart(tiling.columns, getColumnTilesPerTask()); }
};

/// The schedule that the target's description suggests; of what `nn.schedule` on the contraction says, that. Where the
/// contraction stands inside a parallel loop, all is one task.
ContractionSchedule scheduleContraction(const Contraction &contraction, const CpuTarget &target);

/// The same for `choices` in place of the attribute.
ContractionSchedule scheduleContraction(const Contraction &contraction, const CpuTarget &target,
                                        const ScheduleChoices &choices);

/// Why `choices` cannot be those of `contraction`; an empty text where they can.
std::string findScheduleProblem(const Contraction &contraction, const CpuTarget &target,
                                const ScheduleChoices &choices);

} // namespace mlir::nn
