// Between the arena as a pointer (how functions of the program ABI get it) and as a memref (how compiled code sees it).
#pragma once
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"

namespace mlir::nn {

/// memref<?xi8>
MemRefType getArenaType(MLIRContext *context);

/// The arena behind `pointer`. Its bounds are the planner's business: its size says nothing.
Value makeArena(OpBuilder &builder, Location loc, Value pointer);

/// The pointer to `arena`.
Value getArenaPointer(OpBuilder &builder, Location loc, Value arena);

} // namespace mlir::nn
