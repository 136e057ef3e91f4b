// A function made of part of another: what it takes from outside is rebuilt in it where it costs nothing, and comes
// through a context on the caller's stack where it is a computed scalar or the place of a buffer in the arena.
#pragma once
#include "codegen/ParallelLoops.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::nn {

/// What a function takes from outside.
struct Captures {
  SmallVector<Operation *> rebuilt; // in an order that respects their operands
  SmallVector<Value> buffers;
  SmallVector<Value> scalars;
};

/// Code that becomes a function.
struct KernelPiece {
  func::FuncOp host;
  /// Null as long as there is none.
  Value arena;
  std::string name;
  /// A parallel loop, or serial ops of one block in their order.
  SmallVector<Operation *> ops;
  /// Null where the ops are serial, or a call of a kernel.
  scf::ForallOp loop;
  /// Of the loop, or of the one that the kernel called is.
  SmallVector<LoopDimension> dimensions;
  Captures captures;

  Location getLoc() const { return ops.front()->getLoc(); }
};

/// Finds what `piece` takes from outside; fails, with an error where `emitError` is there, where that cannot be passed.
/// `isBuffer` knows the memrefs that are buffers and no views of others; an allocation that nothing but the piece uses
/// is rebuilt all the same.
FailureOr<Captures> findCaptures(const KernelPiece &piece, llvm::function_ref<bool(Value)> isBuffer,
                                 llvm::function_ref<InFlightDiagnostic()> emitError = nullptr);

/// Whether `value` is a view at a constant place of the arena: a planned buffer.
bool isPlannedBuffer(Value value, Value arena);

/// Its fields: the arena's address, places of buffers, scalars. More may follow.
int64_t getNumFields(const Captures &captures);

/// The address of a field in a context. All fields have 8 bytes.
Value getField(OpBuilder &builder, Location loc, Value context, int64_t field);

struct KernelFunction {
  func::FuncOp function; // of the context, the task and the worker, before the host in the module
  Value arena;
};

/// Clones a piece, whose captures are known. Parallel loops in it stay.
KernelFunction makeFunction(const KernelPiece &piece, StringRef name);

/// The same for a piece that is a call of `kernel`: its body, with what the piece captures as its arguments.
KernelFunction makeFunction(const KernelPiece &piece, StringRef name, func::FuncOp kernel);

/// Writes what a piece captures, all of its buffers planned ones, into a context before its last op.
void fillContext(OpBuilder &builder, const KernelPiece &piece, Value arenaPointer, Value context);

} // namespace mlir::nn
