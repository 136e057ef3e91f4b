// Tables of text. CSV goes through libcsv, which is given a line at a time so that a row's line is known.
#include "data/Table.h"
#include "core/Error.h"
#include <algorithm>
#include <csv.h>
#include <memory>
#include <unordered_set>
#include <utf8proc.h>

namespace nnc {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Calls `action(line)` for each line, its end of line included.
template <typename Action> void forEachLine(std::string_view text, Action action) {
  while (!text.empty()) {
    size_t end = text.find('\n');
    size_t length = end == std::string_view::npos ? text.size() : end + 1;
    action(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::string_view withoutLineEnd(std::string_view line) {
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.remove_suffix(1);
  return line;
}

/// Class names and words go into checkpoints, which hold UTF-8 only.
void checkUtf8(std::string_view text, const std::string &source) {
  int64_t line = 1;
  for (size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      line += text[i++] == '\n';
      continue;
    }
    utf8proc_int32_t value = 0;
    utf8proc_ssize_t bytes = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t *>(text.data()) + i,
                                              static_cast<utf8proc_ssize_t>(text.size() - i), &value);
    if (bytes <= 0)
      fail(source, ":", line, ": the text is not UTF-8; convert the file, as with iconv");
    i += bytes;
  }
}

void checkHeader(const Table &table) {
  if (table.header.empty())
    fail(table.source, ": no header: the first line must name the columns");
  std::unordered_set<std::string_view> names;
  for (const std::string &name : table.header)
    if (!names.insert(name).second)
      fail(table.source, ":1: two columns are named ", shown(name));
}

void checkRows(const Table &table) {
  if (table.rows() == 0)
    fail(table.source, ": no rows after the header");
}

/// What libcsv's callbacks work on. Exceptions must not pass through C, so an error is kept until the line is done.
struct CsvState {
  Table &table;
  int64_t line = 0;
  int64_t fieldLine = 1; // where the field starts that is being read
  bool betweenRows = true;
  bool haveHeader = false;
  std::unique_ptr<Error> error = nullptr;

  template <typename Action> void guard(Action action) {
    if (error)
      return;
    try {
      action();
    } catch (const Error &caught) {
      error = std::make_unique<Error>(caught);
    }
  }
};

void onField(void *text, size_t length, void *data) {
  auto &state = *static_cast<CsvState *>(data);
  std::string_view field(static_cast<const char *>(text), length);
  if (!state.haveHeader)
    state.table.header.emplace_back(field);
  else
    state.table.addCell(field);
  state.fieldLine = state.line;
}

void onRow(int, void *data) {
  auto &state = *static_cast<CsvState *>(data);
  if (state.haveHeader)
    state.guard([&] { state.table.endRow(state.line); });
  state.haveHeader = true;
  state.betweenRows = true;
}

} // namespace

std::string_view withoutMark(std::string_view text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

std::string_view Table::cell(int64_t row, size_t column) const {
  size_t index = row * header.size() + column;
  uint64_t start = index ? ends[index - 1] : 0;
  return std::string_view(pool).substr(start, ends[index] - start);
}

std::optional<size_t> Table::findColumn(std::string_view name) const {
  auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end())
    return std::nullopt;
  return found - header.begin();
}

std::string Table::place(int64_t row) const { return concat(source, ":", lines[row]); }

void Table::addCell(std::string_view text) {
  pool += text;
  ends.push_back(pool.size());
}

void Table::endRow(int64_t line) {
  size_t cells = ends.size() - lines.size() * header.size();
  if (cells != header.size())
    fail(source, ":", line, ": ", cells, cells == 1 ? " field" : " fields", ", but the header names ", header.size());
  lines.push_back(line);
}

std::string onOneLine(std::string_view text) {
  constexpr const char *kDigits = "0123456789abcdef";
  std::string line;
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f)
      line += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
    else
      line += c;
  }
  return line;
}

std::string shown(std::string_view text) {
  constexpr size_t kShown = 60;
  size_t end = std::min(kShown, text.size());
  while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) // inside a code point
    ++end;
  return "'" + onOneLine(text.substr(0, end)) + (end < text.size() ? "...'" : "'");
}

std::string shownList(const std::vector<std::string> &texts) {
  constexpr size_t kShown = 12;
  std::string result;
  for (size_t i = 0; i < texts.size() && i < kShown; ++i)
    result += concat(i ? ", " : "", shown(texts[i]));
  return result + (texts.size() > kShown ? concat(", ... (", texts.size(), " in all)") : "");
}

Table parseCsv(std::string_view text, const std::string &source) {
  Table table;
  table.source = source;
  checkUtf8(text, source);
  csv_parser parser;
  if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0)
    fail("cannot start the CSV parser");
  std::unique_ptr<csv_parser, void (*)(csv_parser *)> owner(&parser, csv_free);
  CsvState state{table};
  bool ended = false;
  auto check = [&](bool good) {
    if (state.error)
      throw *state.error;
    if (good)
      return;
    if (csv_error(&parser) != CSV_EPARSE)
      fail(source, ":", state.line, ": ", csv_strerror(csv_error(&parser)));
    fail(source, ":", state.fieldLine, ": not valid CSV: ",
         ended ? std::string("the quote that opens here is not closed")
         : state.fieldLine == state.line
             ? std::string("a quote inside a field, or text after a closing quote")
             : concat("the field that starts here ends in line ", state.line, ", and text follows its closing quote"));
  };
  forEachLine(withoutMark(text), [&](std::string_view line) {
    ++state.line;
    if (state.betweenRows)
      state.fieldLine = state.line;
    if (line.find_first_not_of(" \t\r\n") != std::string_view::npos)
      state.betweenRows = false;
    check(csv_parse(&parser, line.data(), line.size(), onField, onRow, &state) == line.size());
  });
  ended = true;
  check(csv_fini(&parser, onField, onRow, &state) == 0);
  checkHeader(table);
  checkRows(table);
  return table;
}

Table parseTsv(std::string_view text, const std::string &source) {
  Table table;
  table.source = source;
  checkUtf8(text, source);
  int64_t number = 0;
  bool haveHeader = false;
  forEachLine(withoutMark(text), [&](std::string_view line) {
    ++number;
    line = withoutLineEnd(line);
    if (line.empty())
      return;
    while (true) {
      size_t tab = line.find('\t');
      std::string_view field = line.substr(0, tab);
      if (haveHeader)
        table.addCell(field);
      else
        table.header.emplace_back(field);
      if (tab == std::string_view::npos)
        break;
      line.remove_prefix(tab + 1);
    }
    if (haveHeader)
      table.endRow(number);
    haveHeader = true;
  });
  checkHeader(table);
  checkRows(table);
  return table;
}

Table parseLines(std::string_view text, const std::string &source) {
  Table table;
  table.source = source;
  table.header = {"text"};
  checkUtf8(text, source);
  int64_t number = 0;
  forEachLine(withoutMark(text), [&](std::string_view line) {
    ++number;
    table.addCell(withoutLineEnd(line));
    table.endRow(number);
  });
  if (table.rows() == 0)
    fail(source, ": no lines");
  return table;
}

} // namespace nnc
