// What a name stands for, and how messages say which names there are where it is wrong.
#pragma once
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include <optional>

namespace mlir::nn {

/// `a, b or c`, of at least two names.
template <typename Names> std::string listChoices(const Names &names) {
  ArrayRef all(names);
  return llvm::join(all.drop_back(), ", ") + " or " + all.back().str();
}

/// The enumerator whose name it is, where `names` are those of all of them in their order.
template <typename Enum, typename Names> std::optional<Enum> findChoice(const Names &names, StringRef name) {
  auto known = llvm::find(names, name);
  if (known == std::end(names))
    return std::nullopt;
  return static_cast<Enum>(known - std::begin(names));
}

/// `; did you mean lstm?`: those of `known` that come near a name that is none of them; where none does, all:
/// `; known: add, dense`.
std::string suggestNames(StringRef name, ArrayRef<StringRef> known);

} // namespace mlir::nn
