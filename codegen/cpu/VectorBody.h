// Evaluates the body of a linalg.generic on memrefs for several consecutive
// iterations of one loop at once.
//
// A value of the body is uniform (one scalar for all lanes), a ramp (an index
// that grows by one a lane) or a vector. Loads become vector loads where the
// lanes are consecutive in memory, one scalar load where all lanes read the
// same element, and scalar loads lane by lane otherwise.
#pragma once
#include "codegen/cpu/Target.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// Distance in elements between the addresses that `operand` reads at
/// iterations i and i+1 of loop `dim`; nothing where it is not the same for all
/// i.
std::optional<int64_t> getStrideAlong(OpOperand *operand, unsigned dim);

/// `a + b` on indices, folded where it can be.
Value addIndex(OpBuilder &builder, Location loc, Value a, int64_t b);

class VectorBody {
public:
  /// `ivs` holds one index a loop; that of `dim` is the first of `lanes`
  /// consecutive ones. No lanes: scalars only.
  VectorBody(OpBuilder &builder, const CpuTarget &target, linalg::GenericOp op, ArrayRef<Value> ivs, unsigned dim,
             int64_t lanes)
      : VectorBody(builder, target, op, ivs, dim, lanes, lanes) {}

  /// The same where only the first `count` iterations are there, of which
  /// there is at least one: nothing is read or written for the others.
  VectorBody(OpBuilder &builder, const CpuTarget &target, linalg::GenericOp op, ArrayRef<Value> ivs, unsigned dim,
             int64_t lanes, int64_t count)
      : builder(builder), target(target), loc(op.getLoc()), op(op), ivs(ivs), dim(dim), lanes(lanes), count(count) {}

  /// Whether every operation of the body has a form on vectors of iterations of loop `dim`. A loop in the body has one
  /// where it runs alike for all of them.
  static bool canVectorize(linalg::GenericOp op, unsigned dim);

  /// Gives the block argument of operand `number` a value: a vector (with
  /// lanes) or a scalar.
  void bind(unsigned number, Value value);

  /// The values that the body yields: vectors, or scalars without lanes.
  SmallVector<Value> emit();

  /// The elements of `operand` at these iterations: a vector, or a scalar where
  /// all lanes read the same one.
  Value load(OpOperand *operand);

  /// Asks the caches for the cache line of `operand`'s first element at these iterations, which need not be there.
  void prefetch(OpOperand *operand);

  /// Writes `value`, as `emit` gives it, to `operand`'s elements at these
  /// iterations.
  void store(OpOperand *operand, Value value);

  Value broadcast(Value scalarOrVector);

private:
  struct Lanes {
    Value value;
    bool isRamp = false;
  };

  SmallVector<Value> getIndices(AffineMap map, ArrayRef<Value> at);
  SmallVector<Value> getLaneIndices(AffineMap map, int64_t lane);
  Value gather(VectorType type, llvm::function_ref<Value(int64_t lane)> loadLane);
  Value asVector(Lanes lanesOf);
  Value getLane(Lanes lanesOf, int64_t lane);
  void evaluate(Operation &inner);
  void evaluateLoop(scf::ForOp loop);
  Lanes evaluateLoad(Operation &inner);
  Lanes get(Value value);

  OpBuilder &builder;
  const CpuTarget &target;
  Location loc;
  linalg::GenericOp op;
  SmallVector<Value> ivs;
  unsigned dim;
  int64_t lanes, count;
  DenseMap<Value, Lanes> values;
};

} // namespace mlir::nn
