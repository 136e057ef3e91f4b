// Pieces of code that are the same but for their buffers and some numbers, so that one function can do them all.
#pragma once
#include "codegen/EqualCode.h"
#include "codegen/KernelFunction.h"

namespace mlir::nn {

/// A piece of code, seen as a use of a function that could do it.
struct KernelUse {
  explicit KernelUse(KernelPiece ofKernel);

  /// The ops that the function will hold, in their order.
  void forEachOp(llvm::function_ref<void(Operation *)> visit) const {
    llvm::for_each(piece.captures.rebuilt, visit);
    llvm::for_each(piece.ops, visit);
  }

  /// Equal for pieces that are the same code.
  size_t hash() const;

  /// Whether one function can do both, given some numbers.
  bool isSameCode(const KernelUse &other) const;

  /// What stands in its place now: the piece itself, or the call of a kernel whose code it is.
  const KernelPiece &getSite() const { return call ? *call : piece; }

  KernelPiece piece;
  std::optional<KernelPiece> call;
  /// What the function could get from outside too.
  SmallVector<TypedAttr> numbers;
};

/// The uses of one function.
struct KernelUses : std::vector<KernelUse> {
  /// The positions among the numbers of those that differ between uses.
  SmallVector<size_t> getDiffering() const;

  /// Whether another use may join, with no more than so many numbers that differ.
  bool takes(const KernelUse &use, size_t maxNumbers) const;
};

/// Code that differs in more numbers than this is not the same code.
inline constexpr size_t maxDifferingNumbers = 8;

/// Replaces those constants of a function that differ between its uses by what `getNumber` makes for the first,
/// second, ... of them at the start of the function, of a scalar type.
void replaceDiffering(func::FuncOp function, const KernelUses &uses,
                      llvm::function_ref<Value(OpBuilder &, Location, Type, size_t)> getNumber);

} // namespace mlir::nn
