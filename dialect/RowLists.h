// Look-ups in a table by row: which indices name each row of it.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace mlir::nn {

/// Those that name row r are at positions[starts[r]] ... positions[starts[r + 1] - 1], in their order. A position is
/// the index's place in the tensor, row-major. Integers: i32 where all positions are (for a target of many threads,
/// rows too).
struct RowLists {
  Value starts, positions;
};

/// The lists of `tokens`, a tensor of indices into a table of `vocab` rows: in time in proportion to the number of
/// tokens and of rows, or in functions with nn.most_blocks (Recurrent.h) by many threads that do more in all.
RowLists listRows(ImplicitLocOpBuilder &b, Value tokens, int64_t vocab);

} // namespace mlir::nn
