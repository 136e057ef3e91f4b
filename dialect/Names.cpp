// Which known names come near one that is wrong; see Names.h.
#include "dialect/Names.h"

using namespace mlir;

/// Whether two names differ by as much as a slip of the pen, or one of them, unless it is very short, is part of the
/// other.
static bool isNear(StringRef name, StringRef known) {
  constexpr size_t shortest = 3;
  if (std::min(name.size(), known.size()) >= shortest && (name.contains(known) || known.contains(name)))
    return true;
  unsigned most = std::max<unsigned>(1, name.size() / 4);
  return name.edit_distance(known, /*AllowReplacements=*/true, most) <= most;
}

std::string nn::suggestNames(StringRef name, ArrayRef<StringRef> known) {
  std::string lower = name.lower();
  SmallVector<StringRef> near;
  for (StringRef other : known) {
    if (other == lower)
      return "; did you mean " + other.str() + "?";
    if (isNear(lower, other))
      near.push_back(other);
  }
  return near.empty() ? "; known: " + llvm::join(known, ", ") : "; did you mean " + llvm::join(near, ", ") + "?";
}
