// Printing of tables; see Table.h.
#include "codegen/Table.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Unicode.h"
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

/// The columns of a terminal that a text takes.
static size_t getWidth(StringRef text) {
  int width = llvm::sys::unicode::columnWidthUTF8(text);
  return width < 0 ? text.size() : width;
}

/// `text` with as much of its middle left out as makes it at most `width` wide.
static std::string shorten(StringRef text, size_t width) {
  // The bytes that are kept at either end; a character is kept whole or not at all.
  size_t head = text.size() / 2, tail = text.size() - head;
  auto isInside = [&](size_t at) { return at < text.size() && (text[at] & 0xc0) == 0x80; };
  auto align = [&] {
    while (isInside(head))
      --head;
    while (isInside(text.size() - tail))
      --tail;
  };
  align();
  while (head + tail > 0 && getWidth(text.take_front(head)) + 1 + getWidth(text.take_back(tail)) > width) {
    head > tail ? --head : --tail;
    align();
  }
  return (text.take_front(head) + "…" + text.take_back(tail)).str();
}

std::string nn::toOneLine(StringRef text) {
  std::string line;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f)
      line += c;
    else
      line += "\\" + llvm::toHex(StringRef(&c, 1));
  }
  return line;
}

void nn::Table::addRow(ArrayRef<std::string> cells) {
  SmallVector<std::string> &row = rows.emplace_back();
  for (StringRef cell : cells)
    row.push_back(toOneLine(cell));
  widths.resize(std::max(widths.size(), row.size()));
  for (auto [width, cell] : llvm::zip(widths, row))
    width = std::max(width, getWidth(cell));
}

void nn::Table::print(raw_ostream &os) const {
  constexpr size_t leastWidth = 8;
  SmallVector<size_t> widths(this->widths);
  size_t total = 1;
  for (size_t width : widths)
    total += width + 2;
  if (total > maxWidth) {
    size_t first = std::max(leastWidth, widths[0] - std::min(widths[0], total - maxWidth));
    total -= widths[0] - std::min(widths[0], first);
    widths[0] = std::min(widths[0], first);
  }
  auto rule = [&] {
    for (size_t i = 0; i < total; ++i)
      os << "─";
    os << "\n";
  };
  rule();
  for (auto [index, row] : llvm::enumerate(rows)) {
    for (auto [column, whole] : llvm::enumerate(row)) {
      std::string cell = getWidth(whole) > widths[column] ? shorten(whole, widths[column]) : whole;
      size_t padding = widths[column] - std::min(widths[column], getWidth(cell));
      os << (column == 0 ? " " : "  ");
      if (column >= numLeft)
        os.indent(padding) << cell;
      else
        (os << cell).indent(padding);
    }
    os << "\n";
    if (index == 0)
      rule();
  }
  rule();
}
