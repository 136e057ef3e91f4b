// Tables of text: CSV and TSV with a header, and plain text files with one text a line.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// Cells as text, all in one block of memory.
class Table {
public:
  std::string source;
  std::vector<std::string> header;

  int64_t rows() const { return static_cast<int64_t>(lines.size()); }
  std::string_view cell(int64_t row, size_t column) const;
  /// The line of the file where a row ends, counted from 1.
  int64_t line(int64_t row) const { return lines[row]; }
  std::optional<size_t> findColumn(std::string_view name) const;
  /// `FILE:LINE` for messages.
  std::string place(int64_t row) const;

  void addCell(std::string_view text);
  /// Ends a row; throws an Error where it has more or fewer cells than the header.
  void endRow(int64_t line);

private:
  std::string pool;
  std::vector<uint64_t> ends; // of each cell in the pool
  std::vector<int64_t> lines;
};

/// A text on one line: control characters as escapes.
std::string onOneLine(std::string_view text);
/// A text in quotes for messages: control characters as escapes, so that none cuts or hides the message, and the start
/// only of a long text.
std::string shown(std::string_view text);
/// The same of several, the first of them only where there are many.
std::string shownList(const std::vector<std::string> &texts);

/// A text without the byte order mark that some programs write before it.
std::string_view withoutMark(std::string_view text);

/// CSV as RFC 4180 has it: fields may be quoted, a quoted field may span lines. Spaces around unquoted fields and empty
/// lines are dropped. This, as the others, refuses text that is not UTF-8.
Table parseCsv(std::string_view text, const std::string &source);
/// TSV: fields are what stands between tabs, quotes included.
Table parseTsv(std::string_view text, const std::string &source);
/// One text a line, as a table of one column `text`; an empty line is an empty text.
Table parseLines(std::string_view text, const std::string &source);

} // namespace nnc
