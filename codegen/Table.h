// How reports print: a table with rules, numbers that are easy to read.
#pragma once
#include "mlir/Support/LLVM.h"
#include <string>

namespace mlir::nn {

/// 1234567 -> "1,234,567".
std::string withCommas(int64_t number);

/// Bytes in the largest binary unit that leaves a number of at least one.
std::string withUnit(double bytes);

/// A text whose control characters, as a quoted name may have them, are escaped as MLIR does: `\0A` ends no line.
std::string toOneLine(StringRef text);

/// A table whose columns are as wide as their widest cell; the first `numLeft` are aligned left, the others right.
/// Where that is wider than `maxWidth`, cells of the first column lose their middle. A row is one line, whatever it
/// holds.
class Table {
public:
  explicit Table(size_t numLeft, size_t maxWidth = SIZE_MAX) : numLeft(numLeft), maxWidth(maxWidth) {}

  void addRow(ArrayRef<std::string> cells);
  void print(raw_ostream &os) const;

private:
  size_t numLeft, maxWidth;
  SmallVector<SmallVector<std::string>> rows;
  SmallVector<size_t> widths;
};

} // namespace mlir::nn
