// Which memrefs may share memory, and which operations touch it; built on codegen/Buffers.h, which knows roots and what
// an op does to one operand.
#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"

namespace mlir::nn {

/// The root of `memref` (getBufferRoot) where it is memory that no other root shares: an allocation, a function
/// argument or a global; else null.
Value getKnownRoot(Value memref);

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

/// Whether every op in `root` that reads or writes says which memrefs, and these have known roots: then only users of a
/// memref's root, or of views of it, touch it.
bool touchesKnownRootsOnly(Operation *root);

/// The ops of `block` that use the root of one of `touched` or views of it, or that may write those of one of `read`,
/// or hold ops that do, in the order of the block; all ops of the block where a root is not known. What is no memref is
/// passed over.
SmallVector<Operation *> findUsers(Block *block, ArrayRef<Value> touched, ArrayRef<Value> read);

/// Whether `memref`'s allocation is visible to no operation but `users`, views
/// and deallocations: then nobody sees what they store there.
bool isOnlyUsedBy(Value memref, ArrayRef<Operation *> users);

/// The operation before which a copy of `source`, needed at `user`, can be made once for all enclosing loops in which
/// `source` does not change.
Operation *findCopyPlace(Operation *user, Value source);

/// Erases an allocation that only views and deallocations use; does nothing
/// otherwise.
void eraseIfUnused(Value allocation);

} // namespace mlir::nn
