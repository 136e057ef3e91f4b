// The data of a run: which files are its training and validation rows, and how text in them becomes numbers.
#include "Data.h"
#include "core/Error.h"
#include <charconv>
#include <numeric>

namespace nnc::run {
namespace {

std::vector<int64_t> countTo(int64_t rows) {
  std::vector<int64_t> indices(rows);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// The number that an option is, or nothing where it is a path.
std::optional<double> parseFraction(const char *option, const std::string &text) {
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  if (!(value > 0 && value < 1))
    fail(option, " ", text, ": a fraction must lie between 0 and 1");
  return value;
}

/// What --validation and --test are.
struct Cuts {
  explicit Cuts(const Options &options)
      : validation(parseFraction("--validation", options.validation)), test(parseFraction("--test", options.test)) {
    if (options.stratify && !any())
      fail("--stratify says how a fraction of the rows is chosen: it goes with --validation or --test as a number");
  }
  bool any() const { return validation || test; }

  std::optional<double> validation, test;
};

Partition partition(const Options &options, const Cuts &cuts, const Source &source,
                    const std::vector<nnc_input> &inputs) {
  if (!cuts.any())
    return {countTo(source.rows()), {}, {}};
  std::optional<RowClasses> classes = stratifiedClasses(options, source, inputs);
  return partitionRows(source.rows(), cuts.validation.value_or(0), cuts.test.value_or(0),
                       classes ? &*classes : nullptr);
}

} // namespace

Rows allRows(const Dataset &data) { return {&data, countTo(data.rows)}; }

std::vector<std::string> classNames(const Encoding &encoding, const std::string &input, int64_t classes) {
  std::vector<std::string> names;
  if (auto found = encoding.classes.find(input); found != encoding.classes.end())
    names = found->second;
  while (static_cast<int64_t>(names.size()) < classes)
    names.push_back(std::to_string(names.size()));
  return names;
}

std::string trainingPath(const Options &options) {
  if (!hasSplits(options.data))
    return options.data;
  auto train = findSplit(options.data, "train");
  if (!train)
    fail(options.data, ": has no train split");
  return *train;
}

std::optional<RowClasses> stratifiedClasses(const Options &options, const Source &source,
                                            const std::vector<nnc_input> &inputs) {
  if (!options.stratify)
    return std::nullopt;
  std::vector<std::string> names;
  std::string listed;
  for (const nnc_input &input : inputs) {
    bool isClass = input.tensor.rank == 1 && (input.tensor.dtype == NNC_I32 || input.tensor.dtype == NNC_I64);
    if (!isClass || (!options.label.empty() && options.label != input.tensor.name))
      continue;
    names.push_back(input.tensor.name);
    listed += concat(listed.empty() ? "" : ", ", "'", input.tensor.name, "'");
  }
  if (names.empty())
    fail("--stratify takes an input of one class number a row, tensor<?xi32>: the step has none",
         options.label.empty() ? "" : concat(" named '", options.label, "'"));
  if (names.size() > 1)
    fail("--stratify: the classes could be ", listed, "; --label chooses");
  return source.classesOf(names.front());
}

TrainingData loadTrainingData(const Options &options, const std::vector<nnc_input> &inputs, const Encoding *known,
                              const Encoding *begun) {
  Cuts cuts(options);
  std::string validationPath = cuts.validation ? "" : options.validation, testPath = cuts.test ? "" : options.test;
  if (options.validation.empty() && hasSplits(options.data))
    validationPath = findSplit(options.data, "validation").value_or("");

  TrainingData result;
  Source training(trainingPath(options), inputs, known);
  Partition rows = partition(options, cuts, training, inputs);
  result.encoding = known ? *known : training.fit(rows.training);
  if (begun && !begun->vocabulary.words().empty() && !result.encoding.vocabulary.words().empty())
    result.encoding.vocabulary = begun->vocabulary;
  for (auto &[input, names] : result.encoding.classes)
    if (begun && begun->classes.count(input))
      names = begun->classes.at(input);
  result.datasets.push_back(std::make_unique<Dataset>(training.encode(result.encoding)));
  result.training = {result.datasets[0].get(), std::move(rows.training)};
  result.validation = {result.datasets[0].get(), std::move(rows.validation)};
  result.test = {result.datasets[0].get(), std::move(rows.test)};
  auto addFile = [&](const std::string &path, Rows &part) {
    if (path.empty())
      return;
    Source source(path, inputs, &result.encoding);
    result.datasets.push_back(std::make_unique<Dataset>(source.encode(result.encoding)));
    part = allRows(*result.datasets.back());
  };
  addFile(validationPath, result.validation);
  addFile(testPath, result.test);
  return result;
}

Rows chooseRows(const Options &options, const Source &source, const std::vector<nnc_input> &inputs, const Dataset &data,
                const Checkpoint &checkpoint) {
  Cuts cuts(options);
  if (!cuts.any())
    return allRows(data);
  std::string split = !options.split.empty() ? options.split : cuts.test ? "test" : "validation";
  if ((split == "test" && !cuts.test) || (split == "validation" && !cuts.validation))
    fail("--split ", split, ": which rows these are, --", split, " FRACTION says");
  Partition rows = partition(options, cuts, source, inputs);
  // A checkpoint of another tool does not say what it was trained on.
  if (checkpoint.state.batch && checkpoint.state.rowsHash != fingerprint(rows.training))
    fail(checkpoint.path, ": was trained on other rows than --validation, --test, --stratify and --label leave of ",
         trainingPath(options), ": they must be as they were");
  return {&data, split == "train" ? rows.training : split == "test" ? rows.test : rows.validation};
}

std::string chooseSplit(const Options &options) {
  for (const auto &[option, value] :
       {std::pair("--validation", &options.validation), std::pair("--test", &options.test)})
    if (!value->empty() && !parseFraction(option, *value))
      fail(option, " ", *value, ": takes the fraction here that training kept; a file of its own is --data");
  if (!options.validation.empty() || !options.test.empty())
    return trainingPath(options);
  if (!hasSplits(options.data)) {
    if (!options.split.empty())
      fail(options.data, ": has no splits, so --split ", options.split, " means nothing");
    return options.data;
  }
  std::string split = options.split.empty() ? "test" : options.split;
  auto found = findSplit(options.data, split);
  if (!found)
    fail(options.data, ": has no ", split, " split; --split chooses another");
  return *found;
}

} // namespace nnc::run
