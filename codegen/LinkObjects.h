// Links the objects of a program's code units.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

namespace mlir::nn {

/// One relocatable ELF object with the contents of `objects`. Symbols of hidden visibility, which they share, are local
/// in it. Errors: what the linker says, and temporary files that cannot be written.
llvm::Expected<llvm::SmallVector<char>> linkRelocatable(llvm::ArrayRef<llvm::SmallVector<char>> objects);

/// A shared object of them, whose imports are resolved when it is loaded.
llvm::Expected<llvm::SmallVector<char>> linkShared(llvm::ArrayRef<llvm::SmallVector<char>> objects);

} // namespace mlir::nn
