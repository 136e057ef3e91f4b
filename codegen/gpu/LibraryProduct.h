// Which matrix products cuBLASLt can do in place of a launch's own code, and where that is faster.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/gpu/Precision.h"

namespace mlir::nn {

/// Which of the products that cuBLASLt can do are left to it, where it is there when the program runs: none, those that
/// it is estimated to do faster, or all.
enum class LibraryUse { never, automatic, always };

inline constexpr llvm::StringLiteral libraryUseNames[] = {"never", "auto", "always"};

std::optional<LibraryUse> parseLibraryUse(StringRef name);

/// A product with as many of its neighbours as cuBLASLt takes along: a prologue that sets all to zero or to a bias of
/// the columns, and then the addition of such a bias, and relu.
struct LibraryProduct {
  ContractionGroup group;
  OpOperand *bias = nullptr;
  bool hasRelu = false;
  /// What holds the result: the product's, or that of the last epilogue.
  Value result = {};
  /// Along the batch, rows and terms of the factors, and along rows and columns of the result, in elements.
  struct Strides {
    int64_t batch, rows, columns;
  };
  Strides a = {}, b = {}, d = {};

  /// Whether the sums start from what lies in the result.
  bool accumulates() const { return !group.prologue; }
};

/// Of `group`, which may have more neighbours; nothing where its factors do not lie as matrices do.
std::optional<LibraryProduct> matchLibraryProduct(const ContractionGroup &group);

/// Whether `use` has cuBLASLt do `product`, which own code computes together with all of `group`.
bool takesLibrary(LibraryUse use, const LibraryProduct &product, const ContractionGroup &group, Precision precision);

/// Says so at the start of a launch, where the builder stands (nn.library_product). The workspace is allocated before
/// the launch.
void markLibraryProduct(OpBuilder &builder, const LibraryProduct &product);

} // namespace mlir::nn
