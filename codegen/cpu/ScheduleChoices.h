// What of a contraction's schedule is a free choice: it changes the time that the contraction takes, and no bit of its
// result. In the IR it is a dictionary, `nn.schedule`, on the contraction; what it leaves open, the target's
// description decides:
//
//   nn.schedule = {block_of_a = "row_major", block_sums = 256, panels = "per_task", tasks = array<i64: 2, 4>,
//                  tile = array<i64: 6, 2>}
#pragma once
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include <optional>

namespace mlir::nn {

inline constexpr StringLiteral scheduleAttributeName = "nn.schedule";

/// Where the innermost loop reads b.
enum class PanelsOfB {
  inPlace,
  transposed, // in place, where its columns lie one after the other: squares of it transposed in registers, each time
              // anew
  lanes,    // in place, where all there is of a is one row, and both lie along the sum: vectors of terms, as sums along
            // contiguous memory everywhere
  streamed, // in place, a few terms of all the task's columns at a time, which memory gives fast
  perTask,  // a task copies its own columns, block by block
  shared,   // all panels are made before all tasks, and before loops around the contraction that leave b as it is
};

inline bool copiesB(PanelsOfB panels) { return panels == PanelsOfB::perTask || panels == PanelsOfB::shared; }

/// Whether the sum goes block by block.
inline bool goesByBlocks(PanelsOfB panels) { return copiesB(panels) || panels == PanelsOfB::streamed; }

/// Where the innermost loop reads a: in place, or in a task's copy of its rows for a block of the sum.
enum class BlockOfA {
  inPlace,
  rowMajor,  // rows of consecutive terms
  tileMajor, // tile by tile; in a tile, for each term, the rows
};

struct ScheduleChoices {
  /// Of the largest tile: rows, and vectors of columns.
  std::optional<std::pair<int64_t, int64_t>> tile;
  /// Never `lanes`, which is another order of sums: shape and layout alone decide about that.
  std::optional<PanelsOfB> panels;
  /// With b in place: row by row rather than column by column.
  std::optional<bool> byRows;
  /// With copies of b: terms of a block of the sum, and whether a is copied too.
  std::optional<int64_t> blockSums;
  std::optional<BlockOfA> blockOfA;
  /// Shares of the rows and of the columns, for each point of the outer loops.
  std::optional<std::pair<int64_t, int64_t>> tasks;
};

/// The dictionary of `choices`, and the other way round: an error at `op` where it is none.
DictionaryAttr getScheduleAttribute(MLIRContext *context, const ScheduleChoices &choices);
FailureOr<ScheduleChoices> readScheduleAttribute(Operation *op, Attribute attribute);

} // namespace mlir::nn
