// How messages say which names there are where a name is wrong.
#pragma once
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringExtras.h"

namespace mlir::nn {

/// `a, b or c`, of at least two names.
template <typename Names> std::string listChoices(const Names &names) {
  ArrayRef all(names);
  return llvm::join(all.drop_back(), ", ") + " or " + all.back().str();
}

/// `; did you mean lstm?`: those of `known` that come near a name that is none of them; where none does, all:
/// `; known: add, dense`.
std::string suggestNames(StringRef name, ArrayRef<StringRef> known);

} // namespace mlir::nn
