// Reading the files of a split: which of them to open, and which column serves which input.
#include "data/Source.h"
#include "core/Error.h"
#include "data/MappedFile.h"
#include "data/Npy.h"
#include <algorithm>
#include <filesystem>

namespace nnc {
namespace {

namespace fs = std::filesystem;

bool isInteger(const nnc_input &input) { return input.tensor.dtype == NNC_I32 || input.tensor.dtype == NNC_I64; }

/// Numbers in one row of an input.
int64_t rowElements(const nnc_input &input) { return elementCount(shapeOf(input.tensor).subspan(1)); }

} // namespace

Source::Source(const std::string &path, std::vector<nnc_input> dataInputs, const Encoding *known)
    : where(path), inputs(std::move(dataInputs)) {
  std::error_code ignored;
  if (!fs::exists(path, ignored))
    fail(path, ": no such file or directory");
  std::string extension = fs::path(path).extension().string();
  if (fs::is_directory(path, ignored) || extension == ".npz" || extension == ".npy") {
    readArrays(path);
    return;
  }
  if (extension != ".csv" && extension != ".tsv" && extension != ".txt")
    fail(path, ": not a kind of data file that is read: .npy, .npz, .csv, .tsv, .txt or a directory of them");
  auto file = MappedFile::open(path);
  table = extension == ".csv"   ? parseCsv(file->text(), path)
          : extension == ".tsv" ? parseTsv(file->text(), path)
                                : parseLines(file->text(), path);
  planTable(known);
}

Source Source::fromText(const std::string &text, std::vector<nnc_input> dataInputs) {
  for (const nnc_input &input : dataInputs)
    if (!isInteger(input) || input.tensor.rank != 2)
      fail("the input ", input.tensor.name, ": ", typeText(input.tensor, true),
           " is not made from a text; --data takes a file for it");
  Source source;
  source.where = "the text";
  source.inputs = std::move(dataInputs);
  source.table.emplace();
  source.table->source = source.where;
  source.table->header = {"text"};
  source.table->addCell(text);
  source.table->endRow(1);
  source.planTable();
  return source;
}

void Source::readArrays(const std::string &path) {
  if (fs::path(path).extension() == ".npz") {
    arrays = readNpz(path);
  } else if (!fs::is_directory(path)) {
    if (inputs.size() != 1)
      fail(path, ": one .npy file cannot serve the program's ", inputs.size(),
           " inputs: give a directory with one file an input, or an .npz file");
    arrays.emplace(inputs[0].tensor.name, readNpy(path));
  }
  std::vector<std::string> missing;
  for (const nnc_input &input : inputs) {
    if (arrays.count(input.tensor.name))
      continue;
    fs::path file = fs::path(path) / (std::string(input.tensor.name) + ".npy");
    if (fs::is_directory(path) && fs::exists(file))
      arrays.emplace(input.tensor.name, readNpy(file.string()));
    else
      missing.push_back(input.tensor.name);
  }
  if (missing.empty())
    return;
  if (fs::is_directory(path))
    fail(path, ": no data for ", shownList(missing), ": neither ", missing[0],
         ".npy nor train, validation or test as .npz, .csv, .tsv, .txt or directory");
  std::vector<std::string> held;
  for (const auto &[name, array] : arrays)
    held.push_back(name);
  fail(path, ": no array for ", shownList(missing), ": the file holds ", shownList(held));
}

void Source::planTable(const Encoding *known) {
  for (const nnc_input &input : inputs) {
    plans.push_back(planInput(input));
    if (known && !plans.back() && known->columns.count(input.tensor.name))
      plans.back() = planKnownColumns(input, known->columns.at(input.tensor.name));
  }
  planRemainingColumns();
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (plans[i])
      continue;
    const nnc_tensor &tensor = inputs[i].tensor;
    std::string wanted = concat("'", tensor.name, "'");
    if (tensor.rank > 1 && rowElements(inputs[i]) == 1)
      wanted += concat(" or '", tensor.name, "_0'");
    else if (tensor.rank > 1)
      wanted = concat("'", tensor.name, "_0' to '", tensor.name, "_", rowElements(inputs[i]) - 1, "'",
                      isInteger(inputs[i]) ? " or 'text'" : "");
    std::string otherwise;
    if (tensor.rank > 1 && !isInteger(inputs[i]))
      otherwise = concat(", nor just ", rowElements(inputs[i]), " that no other input takes");
    fail(where, ": no column ", wanted, " for the input ", tensor.name, ": ", typeText(tensor, true), otherwise,
         "; the file has ", shownList(table->header));
  }
}

std::optional<Source::Plan> Source::planInput(const nnc_input &input) const {
  std::string name = input.tensor.name;
  if (rowElements(input) == 1)
    if (auto column = table->findColumn(name))
      return Plan{false, {*column}};
  if (input.tensor.rank == 1)
    return std::nullopt;
  if (auto first = table->findColumn(name + "_0")) {
    Plan plan{false, {*first}};
    for (int64_t i = 1; i < rowElements(input); ++i) {
      auto column = table->findColumn(concat(name, "_", i));
      if (!column)
        fail(where, ": no column '", name, "_", i, "' for the input ", name, ": ", typeText(input.tensor, true));
      plan.columns.push_back(*column);
    }
    if (table->findColumn(concat(name, "_", rowElements(input))))
      fail(where, ": more columns '", name, "_...' than the input ", name, " takes: ", typeText(input.tensor, true));
    return plan;
  }
  if (isInteger(input) && input.tensor.rank == 2)
    if (auto column = table->findColumn("text"))
      return Plan{true, {*column}};
  return std::nullopt;
}

Source::Plan Source::planKnownColumns(const nnc_input &input, const std::vector<std::string> &names) const {
  if (rowElements(input) != static_cast<int64_t>(names.size()))
    fail(where, ": the input ", input.tensor.name, ": ", typeText(input.tensor, true), " was trained on ", names.size(),
         " columns, ", shownList(names));
  Plan plan{false, {}, true};
  for (const std::string &name : names) {
    auto column = table->findColumn(name);
    if (!column)
      fail(where, ": no column ", shown(name), ", which the input ", input.tensor.name,
           " was trained on; the file has ", shownList(table->header));
    plan.columns.push_back(*column);
  }
  return plan;
}

void Source::planRemainingColumns() {
  std::vector<bool> taken(table->header.size());
  for (const auto &plan : plans)
    if (plan)
      for (size_t column : plan->columns)
        taken[column] = true;
  std::vector<size_t> remaining;
  for (size_t column = 0; column < taken.size(); ++column)
    if (!taken[column])
      remaining.push_back(column);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!plans[i] && inputs[i].tensor.rank > 1 && !isInteger(inputs[i]) &&
        rowElements(inputs[i]) == static_cast<int64_t>(remaining.size())) {
      plans[i] = Plan{false, remaining, true};
      return;
    }
}

int64_t Source::rows() const {
  if (table)
    return table->rows();
  int64_t rows = -1;
  std::string first;
  for (const auto &[name, array] : arrays) {
    bool used = std::any_of(inputs.begin(), inputs.end(), [&](const nnc_input &i) { return name == i.tensor.name; });
    if (!used || array.shape.empty())
      continue;
    if (rows >= 0 && rows != array.shape[0])
      fail(array.source, ": has ", array.shape[0], " rows, but ", first, " has ", rows);
    rows = array.shape[0];
    first = array.source;
  }
  return std::max<int64_t>(rows, 0);
}

Dataset Source::encodeArrays() const {
  Dataset data;
  for (const nnc_input &input : inputs)
    data.columns.push_back(toColumn(arrays.at(input.tensor.name), input));
  data.rows = rows();
  return data;
}

Dataset Source::encode(const Encoding &encoding) const {
  if (!table)
    return encodeArrays();
  Dataset data;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const nnc_input &input = inputs[i];
    auto classes = encoding.classes.find(input.tensor.name);
    if (plans[i]->isText)
      data.columns.push_back(encodeText(input, plans[i]->columns[0], encoding.vocabulary));
    else if (classes != encoding.classes.end())
      data.columns.push_back(encodeNames(input, plans[i]->columns[0], classes->second));
    else
      data.columns.push_back(encodeNumbers(input, *plans[i]));
  }
  data.rows = table->rows();
  return data;
}

} // namespace nnc
