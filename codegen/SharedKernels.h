// Kernels that several places of a program's entry points share while they are lowered: private functions of buffers
// and scalars, marked `nn.kernel`, which the entries call. nn-share-kernels makes them, nn-outline-parallel ends them.
#pragma once
#include "codegen/KernelFunction.h"
#include "mlir/IR/SymbolTable.h"

namespace mlir::nn {

inline constexpr llvm::StringLiteral kernelAttributeName = "nn.kernel";

/// On a call of a kernel: which of its operands the kernel may write, a bool each. Later ones count as written.
inline constexpr llvm::StringLiteral writesAttributeName = "nn.writes";

bool isKernel(func::FuncOp function);

/// The kernel that `op` calls, or null.
func::FuncOp getCalledKernel(Operation *op);

/// All calls of kernels in the functions of `module`, in their order.
SmallVector<func::CallOp> getKernelCalls(ModuleOp module);

/// Whether a call may write the memory behind operand `index`, a memref.
bool mayWriteOperand(func::CallOp call, unsigned index);

/// What `piece`, part of a kernel, takes from outside; fails where that is more than the kernel's arguments.
FailureOr<Captures> findCapturedArguments(const KernelPiece &piece);

/// A kernel of what `piece` captures, its name made one of its own: takes buffers, then scalars. `loc` says whom its
/// ops work for, as the locations of its calls say in the same order.
func::FuncOp makeKernel(const KernelPiece &piece, Location loc, SymbolTable &symbols);

/// Calls a kernel before `place`.
void callKernel(Operation *place, Location loc, func::FuncOp kernel, ArrayRef<Value> operands, ArrayRef<bool> writes);

/// IR may come from a file: a kernel is one block, takes buffers of known size and scalars, gives nothing back and
/// calls nothing.
LogicalResult verifyKernel(func::FuncOp kernel);

} // namespace mlir::nn
