// What a matrix product in the form of a linalg.generic is made of, and what can be computed along with it.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace mlir::nn {

/// c[batch, rows, columns] += sum over `sums` of a[batch, rows, sums] * b[batch, sums, columns], each name a list of
/// loops. Vectors run along `vectorLoop`, one of the columns: c's last dimension of more than one element. For c stored
/// the other way round, a and b change places.
struct Contraction {
  linalg::GenericOp op;
  OpOperand *a, *b, *c;
  SmallVector<unsigned> batch, rows, columns, sums;
  unsigned vectorLoop;
  /// Its dimension of c.
  unsigned vectorDim;

  int64_t getExtent(unsigned loop) const { return extents[loop]; }
  /// The product of the loops' extents.
  int64_t getNumPoints(ArrayRef<unsigned> loops) const;
  /// Terms of each element's sum.
  int64_t getNumTerms() const { return getNumPoints(sums); }
  /// Whether all tasks, whatever rows and columns they take, read one and the same b, of one sum.
  bool hasOneB() const { return sums.size() == 1 && columns.size() == 1 && batch.empty(); }
  SmallVector<int64_t> extents;
};

/// Whether the body is c + a * b, and on which block arguments.
bool hasMultiplyAddBody(linalg::GenericOp op);

/// Makes a multiply-add body on floats one FMA: a product whose form no tiles take keeps the rounding that it has in
/// them.
void fuseMultiplyAdd(RewriterBase &rewriter, linalg::GenericOp op);

FailureOr<Contraction> matchContraction(linalg::GenericOp op);

/// The same for the target's vectors: where c's last dimension would leave half of one empty, vectors run along rows,
/// if these lie one after the other in a, and c's elements go to memory one by one.
FailureOr<Contraction> matchContraction(linalg::GenericOp op, const CpuTarget &target);

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

/// That of all the group's members, the contraction before its neighbours.
Location getGroupLocation(const ContractionGroup &group);

/// The contraction with its neighbours, none of which is in `taken`, the members of other groups. Where groups of one
/// block interleave, any two ops that change places as the groups' code is emitted have been found independent.
/// `knowsRoots`: all around touch memory of known roots only (touchesKnownRootsOnly), so that few need be looked at.
ContractionGroup fuseNeighbours(const Contraction &contraction, const DenseSet<Operation *> &taken, bool knowsRoots);

} // namespace mlir::nn
