// Look-ups in a table, brought into the order of its rows: which rows a batch names, and where.
#pragma once
#include "dialect/Layer.h"

namespace mlir::nn {

/// The row that `index` names, of `rows`. Whatever the index, memory stays safe; a wrong one is refused by the runtime.
Value clampToRow(ImplicitLocOpBuilder &b, Value index, int64_t rows);

/// The indices, in a tensor of `shape`, of the element at `position` of its row-major order.
SmallVector<Value> getIndicesAt(ImplicitLocOpBuilder &b, Value position, ArrayRef<int64_t> shape);

/// A loop over [0, count) that carries values through `body`.
SmallVector<Value> forEach(ImplicitLocOpBuilder &b, int64_t count, ArrayRef<Value> carried,
                           function_ref<SmallVector<Value>(Value index, ValueRange carried)> body);

/// The rows that look-ups name, each once, in increasing order. `indices` are sorted by row, all look-ups together: run
/// r holds those of one row, and of these, look-up by look-up, in their order, those of look-up l are places
/// begins[r · look-ups + l] up to the next begin.
struct RowRuns {
  /// How many rows are named, an index.
  Value count;
  Value begins;
  /// Of each place the row, and the position in the concatenation of all look-ups' indices, row-major.
  Value rows, positions;
  /// Where each look-up's positions start; the number of all positions, last.
  SmallVector<int64_t> starts;
};

/// Indices into a table of `rows` rows. A look-up that is batched has samples first, and those from `valid` on name no
/// row. Takes time in proportion to the number of indices, however many rows there are.
RowRuns findRowRuns(ImplicitLocOpBuilder &b, ValueRange indices, ArrayRef<bool> batched, Value valid, int64_t rows);

} // namespace mlir::nn
