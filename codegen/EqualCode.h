// Whether two pieces of code are the same but for numbers in them, so that one function can serve for both and get the
// numbers from its caller.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/Hashing.h"

namespace mlir::nn {

/// The constants below `region`, in their order, that code can get from its caller as well: scalars, and vectors of one
/// scalar, of 32 bits or more; no indices, which say where loops end.
SmallVector<arith::ConstantOp> getPassableConstants(Region &region);

/// The scalar that a passable constant is made of.
TypedAttr getScalar(arith::ConstantOp constant);

/// Equal for regions that are isEqualCode.
llvm::hash_code hashCode(Region &region);

/// Whether two regions are the same, locations and the values of passable constants aside.
bool isEqualCode(Region &a, Region &b);

} // namespace mlir::nn
