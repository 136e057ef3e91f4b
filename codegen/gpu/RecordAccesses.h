// Accesses to memory of an emulated kernel: where they go, what an error says of them, and calls that report them.
#pragma once
#include "codegen/gpu/EmulatorCalls.h"

namespace mlir::nn {

/// What an element of a memref, or a vector of such, takes in memory.
int64_t getMemoryBytes(Type type);

/// A pointer to an element of a memref.
Value getAddress(OpBuilder &builder, Location loc, Value memref, ValueRange indices);

/// What an op is, of which layer, and where in the model file; `number` tells ops apart that are alike in all that.
std::string describePlace(Operation *op, StringRef number = {});

/// Has every load and store of `function` reported to the host before it happens, but those of memory that threads do
/// not share and of constants. Errors are emitted at ops that touch memory in a way that is not known.
LogicalResult recordAccesses(func::FuncOp function, Value thread, EmulatorCalls &calls);

} // namespace mlir::nn
