// What is checked in a file before the parser sees it: nothing a file says may overflow the parser's stack or wrap a
// count.
#pragma once
#include "mlir/Support/LLVM.h"
#include <optional>
#include <string>

namespace mlir::nn {

struct InputProblem {
  size_t offset;
  std::string message;
};

/// The first thing in a file that the parser cannot be trusted with: bytecode, brackets of any kind nested too deep,
/// names that stand for too much, an endless chain of operators, or a tensor shape with more elements than can be
/// counted.
std::optional<InputProblem> findInputProblem(StringRef text);

} // namespace mlir::nn
