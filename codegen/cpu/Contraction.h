// What a matrix product in the form of a linalg.generic is made of, and what
// can be computed along with it.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace mlir::nn {

/// c[batch, rows, columns] += sum over `sums` of a[batch, rows, sums] *
/// b[batch, sums, columns], each name a list of loops. Vectors run along
/// `vectorLoop`, one of the columns; for c stored the other way round, a and b
/// change places.
struct Contraction {
  linalg::GenericOp op;
  OpOperand *a, *b, *c;
  SmallVector<unsigned> batch, rows, columns, sums;
  unsigned vectorLoop;

  int64_t getExtent(unsigned loop) const { return extents[loop]; }
  SmallVector<int64_t> extents;
};

/// Whether the body is c + a * b, and on which block arguments.
bool hasMultiplyAddBody(linalg::GenericOp op);

FailureOr<Contraction> matchContraction(linalg::GenericOp op);

/// A contraction with the elementwise operations before and after it that can
/// be computed tile by tile with it.
struct ContractionGroup {
  Contraction contraction;
  /// Computes the initial values; null where they are read from c.
  linalg::GenericOp prologue;
  /// Each reads the contraction's result or that of an earlier one.
  SmallVector<linalg::GenericOp> epilogues;

  SmallVector<Operation *> getOps() const;
  /// Where the code of the whole group goes.
  Operation *getLast() const { return epilogues.empty() ? contraction.op : epilogues.back(); }
};

ContractionGroup fuseNeighbours(const Contraction &contraction);

} // namespace mlir::nn
