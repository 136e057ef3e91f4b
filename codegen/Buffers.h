// What buffers an op touches: from a value back to the buffer it is a view of, and the effects on it.
#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Operation.h"

namespace mlir::nn {

/// The buffer that `value`, a memref, is a view of: an allocation, a function argument, a global, or the result of an
/// op that is none of these and makes the buffer untraceable.
Value getBufferRoot(Value value);

/// Whether `op` only makes another view of its operand, touching no memory.
bool isBufferView(Operation *op);

/// Whether `op` makes a new buffer in memory that belongs to the function.
bool isBufferAllocation(Operation *op);

/// The op in `block` that is `op` or holds it, or null.
Operation *getAncestorIn(Block *block, Operation *op);

enum class Access { none, read, write, readWrite };

/// What `op` itself (not the ops inside it) does to the memory behind `operand`. What is not known counts as both.
Access getAccess(Operation *op, OpOperand &operand);

inline bool reads(Access access) { return access == Access::read || access == Access::readWrite; }
inline bool writes(Access access) { return access == Access::write || access == Access::readWrite; }

/// Visits what `op` and the ops inside it do to memory: each memref operand with what is done behind it.
void forEachAccess(Operation *op, llvm::function_ref<void(Value memref, Access access)> visit);

/// Counts a copy for `reason`, made where `op` stands, in the `nn.copies` of its entry point or kernel.
void countCopy(Operation *op, StringRef reason);

/// Counts what `kernel` copies where `op` stands.
void countCopies(Operation *op, func::FuncOp kernel);

/// Size of a buffer in bytes, or nothing where its shape is dynamic or its elements have no fixed size.
std::optional<int64_t> getBufferBytes(MemRefType type);

} // namespace mlir::nn
