// Printing of tables; see Table.h.
#include "codegen/Table.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::nn;

std::string nn::withCommas(int64_t number) {
  std::string digits = std::to_string(number);
  for (int64_t at = static_cast<int64_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(at, ",");
  return digits;
}

std::string nn::withUnit(double bytes) {
  static constexpr StringLiteral units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  size_t unit = 0;
  while (bytes >= 1024.0 && unit + 1 < std::size(units)) {
    bytes /= 1024.0;
    ++unit;
  }
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.2f ", bytes) << units[unit];
  return text;
}

void nn::Table::addRow(ArrayRef<std::string> cells) {
  rows.push_back(SmallVector<std::string>(cells));
  widths.resize(std::max(widths.size(), cells.size()));
  for (auto [width, cell] : llvm::zip(widths, cells))
    width = std::max(width, cell.size());
}

void nn::Table::print(raw_ostream &os) const {
  size_t total = 1;
  for (size_t width : widths)
    total += width + 2;
  auto rule = [&] {
    for (size_t i = 0; i < total; ++i)
      os << "─";
    os << "\n";
  };
  rule();
  for (auto [index, row] : llvm::enumerate(rows)) {
    for (auto [column, cell] : llvm::enumerate(row)) {
      os << (column == 0 ? " " : "  ");
      if (column < numLeft)
        os << llvm::left_justify(cell, widths[column]);
      else
        os << llvm::right_justify(cell, widths[column]);
    }
    os << "\n";
    if (index == 0)
      rule();
  }
  rule();
}
