// The data of a run: which files are its training and validation rows, and how text in them becomes numbers.
#include "Data.h"
#include "core/Error.h"
#include "data/Shuffle.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <numeric>

namespace nnc::run {
namespace {

std::vector<int64_t> countTo(int64_t rows) {
  std::vector<int64_t> indices(rows);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

/// The number that --validation is, or nothing where it is a path.
std::optional<double> parseFraction(const std::string &text) {
  double value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size())
    return std::nullopt;
  if (!(value > 0 && value < 1))
    fail("--validation ", text, ": a fraction must lie between 0 and 1");
  return value;
}

/// Keeps the first rows of a fixed permutation for validation. The choice depends on the number of rows and the
/// fraction only, so that every seed validates on the same ones.
void keepFraction(double fraction, std::vector<int64_t> &training, std::vector<int64_t> &validation) {
  auto rows = static_cast<int64_t>(training.size());
  auto kept = static_cast<int64_t>(std::llround(fraction * static_cast<double>(rows)));
  if (kept < 1 || kept >= rows)
    fail("--validation ", fraction, " of ", rows, " rows leaves ", kept, " for validation and ", rows - kept,
         " for training");
  std::vector<int64_t> order(rows);
  shuffleRows(0, UINT64_MAX, order);
  validation.assign(order.begin(), order.begin() + kept);
  training.assign(order.begin() + kept, order.end());
  // In the file's order again: the order of training comes from the seed.
  std::sort(validation.begin(), validation.end());
  std::sort(training.begin(), training.end());
}

} // namespace

Rows allRows(const Dataset &data) { return {&data, countTo(data.rows)}; }

TrainingData loadTrainingData(const Options &options, const std::vector<nnc_input> &inputs, const Encoding *known) {
  std::string trainingPath = options.data;
  std::optional<double> fraction = parseFraction(options.validation);
  std::string validationPath = fraction ? "" : options.validation;
  if (hasSplits(options.data)) {
    auto train = findSplit(options.data, "train");
    if (!train)
      fail(options.data, ": has no train split");
    trainingPath = *train;
    if (options.validation.empty())
      validationPath = findSplit(options.data, "validation").value_or("");
  }

  TrainingData result;
  Source training(trainingPath, inputs);
  std::vector<int64_t> trainingRows = countTo(training.rows()), validationRows;
  if (fraction)
    keepFraction(*fraction, trainingRows, validationRows);
  result.encoding = known ? *known : training.fit(trainingRows);
  result.datasets.push_back(std::make_unique<Dataset>(training.encode(result.encoding)));
  result.training = {result.datasets[0].get(), std::move(trainingRows)};
  if (fraction) {
    result.validation = {result.datasets[0].get(), std::move(validationRows)};
  } else if (!validationPath.empty()) {
    Source validation(validationPath, inputs);
    result.datasets.push_back(std::make_unique<Dataset>(validation.encode(result.encoding)));
    result.validation = allRows(*result.datasets[1]);
  }
  return result;
}

std::string chooseSplit(const Options &options) {
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
