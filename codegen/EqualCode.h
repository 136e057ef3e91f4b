// Whether two pieces of code are the same but for numbers in them, so that one function can serve for both and get the
// numbers from its caller.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/Hashing.h"

namespace mlir::nn {

/// Adds the constants that `op` is or holds, in their order, that code can get from its caller as well: scalars, and
/// vectors of one scalar, of 32 bits or more; no indices, which say where loops end.
void findPassableConstants(Operation *op, SmallVectorImpl<arith::ConstantOp> &constants);

/// The scalar that a passable constant is made of.
TypedAttr getScalar(arith::ConstantOp constant);

/// Equal for ops that are the same code.
llvm::hash_code hashCode(Operation *op);

/// Goes through two pieces of code side by side.
class CodeComparison {
public:
  /// Says that `a` of the first piece is `b` of the second; false where their types differ.
  bool match(Value a, Value b);

  /// Whether two ops are the same, locations and the values of passable constants aside, given that what they use from
  /// outside matches. Their results match from then on.
  bool areEqual(Operation &a, Operation &b);

private:
  bool areEqual(Region &a, Region &b);
  bool areEqual(Block &a, Block &b);
  bool match(ValueRange a, ValueRange b);

  /// Of the second piece, by that of the first.
  DenseMap<Value, Value> values;
};

} // namespace mlir::nn
