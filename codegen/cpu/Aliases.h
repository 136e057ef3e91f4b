// Which memory a memref is a view of, and which operations touch it.
#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

namespace mlir::nn {

/// The allocation or function argument that `memref` is a view of; null where
/// that cannot be told.
Value getRootBuffer(Value memref);

/// Whether two memrefs may share an element. Distinct allocations and function
/// arguments do not.
bool mayAlias(Value a, Value b);

/// Whether two memrefs are the same elements in the same order, by
/// construction.
bool isSameView(Value a, Value b);

/// Whether `op`, or an operation inside it, may read or write an element of
/// `memref`.
bool mayRead(Operation *op, Value memref);
bool mayWrite(Operation *op, Value memref);
inline bool mayTouch(Operation *op, Value memref) { return mayRead(op, memref) || mayWrite(op, memref); }

/// Whether `memref`'s allocation is visible to no operation but `users`, views
/// and deallocations: then nobody sees what they store there.
bool isOnlyUsedBy(Value memref, llvm::ArrayRef<Operation *> users);

/// The operation before which a copy of `source`, needed at `user`, can be made once for all enclosing loops in which
/// `source` does not change.
Operation *findCopyPlace(Operation *user, Value source);

/// Erases an allocation that only views and deallocations use; does nothing
/// otherwise.
void eraseIfUnused(Value allocation);

} // namespace mlir::nn
