// From a table's cells to numbers: words by a vocabulary, class names by their position, digits by their value.
#include "core/Error.h"
#include "data/Number.h"
#include "data/Source.h"
#include <algorithm>
#include <charconv>
#include <cstring>
#include <limits>
#include <set>

namespace nnc {
namespace {

std::optional<int64_t> parseWhole(std::string_view text) {
  int64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  return value;
}

bool isInteger(const nnc_input &input) { return input.tensor.dtype == NNC_I32 || input.tensor.dtype == NNC_I64; }

/// Memory for the rows of a column, and the column.
template <typename T> std::pair<Column, T *> makeColumn(const nnc_input &input, int64_t rows) {
  int64_t width = elementCount(shapeOf(input.tensor).subspan(1));
  auto values = std::make_shared<std::vector<T>>(rows * width);
  Column column{input.tensor.name, width * static_cast<int64_t>(sizeof(T)),
                reinterpret_cast<const std::byte *>(values->data()), values};
  return {column, values->data()};
}

template <typename T> T parseCell(const Table &table, int64_t row, size_t column, const nnc_input &input) {
  std::string_view cell = table.cell(row, column);
  auto describe = [&] { return concat(table.place(row), ": column '", table.header[column], "': ", shown(cell)); };
  if constexpr (std::is_integral_v<T>) {
    auto value = parseWhole(cell);
    if (!value)
      fail(describe(), " is not a whole number");
    int64_t low = input.has_range ? input.range_min : std::numeric_limits<T>::min();
    int64_t high = input.has_range ? input.range_max : std::numeric_limits<T>::max();
    if (*value < low || *value > high)
      fail(describe(), " is out of range: input '", input.tensor.name, "' takes ", low, " to ", high);
    return static_cast<T>(*value);
  } else {
    T value = 0;
    RealStatus status = parseReal(cell, value);
    if (status == RealStatus::noNumber)
      fail(describe(), " is not a number");
    if (status == RealStatus::tooLarge)
      fail(describe(), " does not fit into ", dtypeName(input.tensor.dtype));
    if (status == RealStatus::notFinite)
      fail(describe(), " is not a finite number");
    return value;
  }
}

} // namespace

bool Source::holdsNames(size_t column, std::span<const int64_t> rows) const {
  auto isWhole = [&](int64_t row) { return parseWhole(table->cell(row, column)).has_value(); };
  for (int64_t row : rows) {
    std::string_view cell = table->cell(row, column);
    if (cell.empty())
      fail(table->place(row), ": column '", table->header[column], "' is empty");
    if (isWhole(row) != isWhole(rows.front()))
      fail(table->place(row), ": column '", table->header[column], "' mixes numbers and names: ", shown(cell),
           " here, ", shown(table->cell(rows.front(), column)), " in line ", table->line(rows.front()));
  }
  return !rows.empty() && !isWhole(rows.front());
}

Encoding Source::fit(std::span<const int64_t> rows) const {
  Encoding encoding;
  for (size_t i = 0; table && i < inputs.size(); ++i) {
    const nnc_input &input = inputs[i];
    const nnc_tensor &tensor = input.tensor;
    size_t column = plans[i]->columns[0];
    if (plans[i]->takesRemaining)
      for (size_t taken : plans[i]->columns)
        encoding.columns[tensor.name].push_back(table->header[taken]);
    if (plans[i]->isText) {
      if (!input.has_range)
        fail(where, ": the input '", tensor.name, "' has no range that would give the vocabulary its size");
      if (input.range_max < Vocabulary::kFirstWord)
        fail(where, ": the input '", tensor.name, "' takes 0 to ", input.range_max, ", and words are numbered from ",
             Vocabulary::kFirstWord, " on");
      if (!encoding.vocabulary.words().empty())
        fail(where, ": two inputs take the column 'text'");
      VocabularyBuilder builder;
      for (int64_t row : rows)
        builder.add(table->cell(row, column));
      encoding.vocabulary = builder.build(input.range_max + 1);
      if (encoding.vocabulary.words().empty())
        fail(where, ": the training rows hold no words");
    } else if (tensor.rank == 1 && isInteger(input) && holdsNames(column, rows)) {
      std::set<std::string, std::less<>> names;
      for (int64_t row : rows)
        names.emplace(table->cell(row, column));
      int64_t most = input.has_range ? input.range_max + 1 : std::numeric_limits<int32_t>::max();
      if (static_cast<int64_t>(names.size()) > most)
        fail(where, ": column '", tensor.name, "' names ", names.size(), " classes, the model has ", most, ": ",
             shownList({names.begin(), names.end()}));
      encoding.classes.emplace(tensor.name, std::vector<std::string>(names.begin(), names.end()));
    }
  }
  return encoding;
}

RowClasses Source::classesOf(const std::string &input) const {
  size_t index = 0;
  while (index < inputs.size() && input != inputs[index].tensor.name)
    ++index;
  if (index == inputs.size() || inputs[index].tensor.rank != 1 || !isInteger(inputs[index]))
    fail(where, ": '", input, "' is no input of one class number a row");
  RowClasses classes;
  classes.ofRow.resize(rows());
  auto number = [&]<typename Key, typename Get>(Key, Get get) {
    std::map<Key, int64_t> numbers;
    for (int64_t row = 0; row < rows(); ++row)
      numbers.emplace(get(row), 0);
    for (auto &[key, position] : numbers) {
      position = static_cast<int64_t>(classes.names.size());
      classes.names.push_back(concat(key));
    }
    for (int64_t row = 0; row < rows(); ++row)
      classes.ofRow[row] = numbers.at(get(row));
  };
  if (table) {
    number(std::string_view(), [&](int64_t row) { return table->cell(row, plans[index]->columns[0]); });
    return classes;
  }
  Column column = toColumn(arrays.at(input), inputs[index]);
  number(int64_t(), [&](int64_t row) {
    int64_t wide = 0;
    int32_t narrow = 0;
    const std::byte *place = column.rows + row * column.rowBytes;
    if (inputs[index].tensor.dtype == NNC_I64)
      std::memcpy(&wide, place, sizeof(wide));
    else
      std::memcpy(&narrow, place, sizeof(narrow));
    return inputs[index].tensor.dtype == NNC_I64 ? wide : narrow;
  });
  return classes;
}

Column Source::encodeText(const nnc_input &input, size_t column, const Vocabulary &vocabulary) const {
  if (vocabulary.words().empty())
    fail(where, ": there is text, but no vocabulary to read it with: the checkpoint has none");
  if (input.has_range && static_cast<int64_t>(vocabulary.words().size()) + Vocabulary::kFirstWord > input.range_max + 1)
    fail(where, ": the vocabulary has ", vocabulary.words().size() + Vocabulary::kFirstWord, " entries, the input '",
         input.tensor.name, "' takes 0 to ", input.range_max);
  int64_t width = input.tensor.shape[1];
  auto encodeRows = [&]<typename T>(T) {
    auto [result, values] = makeColumn<T>(input, table->rows());
    std::vector<int32_t> tokens(width);
    for (int64_t row = 0; row < table->rows(); ++row) {
      vocabulary.encode(table->cell(row, column), tokens);
      std::copy(tokens.begin(), tokens.end(), values + row * width);
    }
    return result;
  };
  return input.tensor.dtype == NNC_I64 ? encodeRows(int64_t()) : encodeRows(int32_t());
}

Column Source::encodeNames(const nnc_input &input, size_t column, const std::vector<std::string> &classes) const {
  auto encodeRows = [&]<typename T>(T) {
    auto [result, values] = makeColumn<T>(input, table->rows());
    for (int64_t row = 0; row < table->rows(); ++row) {
      std::string_view cell = table->cell(row, column);
      auto found = std::lower_bound(classes.begin(), classes.end(), cell);
      if (found == classes.end() || *found != cell)
        fail(table->place(row), ": ", shown(cell), " is not one of the ", classes.size(),
             " classes of the training rows (column '", input.tensor.name, "')");
      values[row] = static_cast<T>(found - classes.begin());
    }
    return result;
  };
  return input.tensor.dtype == NNC_I64 ? encodeRows(int64_t()) : encodeRows(int32_t());
}

Column Source::encodeNumbers(const nnc_input &input, const Plan &plan) const {
  auto encodeRows = [&]<typename T>(T) {
    auto [result, values] = makeColumn<T>(input, table->rows());
    for (int64_t row = 0; row < table->rows(); ++row)
      for (size_t i = 0; i < plan.columns.size(); ++i)
        values[row * plan.columns.size() + i] = parseCell<T>(*table, row, plan.columns[i], input);
    return result;
  };
  switch (input.tensor.dtype) {
  case NNC_F64:
    return encodeRows(double());
  case NNC_I32:
    return encodeRows(int32_t());
  case NNC_I64:
    return encodeRows(int64_t());
  }
  return encodeRows(float());
}

} // namespace nnc
