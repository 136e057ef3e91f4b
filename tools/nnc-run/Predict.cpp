// nnc-run predict: the classes of a typed text with their probabilities, or a CSV file for the rows of a data file.
#include "AssertPlan.h"
#include "Compile.h"
#include "Csv.h"
#include "Data.h"
#include "Files.h"
#include "Options.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <numeric>

namespace nnc::run {
namespace {

/// How far from 1 the sum of probabilities in f32 may be.
constexpr double kSumTolerance = 1e-3;

/// Rows of numbers that the model gave as one of its results.
struct Predictions {
  std::string name;
  int64_t width = 0;
  std::vector<double> values;

  int64_t rows() const { return width ? static_cast<int64_t>(values.size()) / width : 0; }
  std::span<double> row(int64_t i) { return std::span<double>(values).subspan(i * width, width); }

  bool areProbabilities() {
    for (int64_t i = 0; i < rows(); ++i) {
      double sum = 0;
      for (double value : row(i)) {
        if (!(value >= 0))
          return false;
        sum += value;
      }
      if (std::fabs(sum - 1) > kSumTolerance)
        return false;
    }
    return true;
  }

  void applySoftmax() {
    for (int64_t i = 0; i < rows(); ++i) {
      std::span<double> logits = row(i);
      double largest = *std::max_element(logits.begin(), logits.end()), sum = 0;
      for (double &value : logits)
        sum += value = std::exp(value - largest);
      for (double &value : logits)
        value /= sum;
    }
  }
};

double load(const std::byte *data, int32_t dtype, int64_t index) {
  switch (dtype) {
  case NNC_F64:
    return reinterpret_cast<const double *>(data)[index];
  case NNC_I32:
    return reinterpret_cast<const int32_t *>(data)[index];
  case NNC_I64:
    return static_cast<double>(reinterpret_cast<const int64_t *>(data)[index]);
  }
  return reinterpret_cast<const float *>(data)[index];
}

std::vector<Predictions> runModel(Session &session, const nnc_entry &entry, const Dataset &data) {
  std::vector<Predictions> results;
  for (const nnc_output &output : outputsOf(entry)) {
    if (output.role != NNC_PREDICTION)
      continue;
    Predictions &result = results.emplace_back();
    result.name = output.tensor.name;
    result.width = elementCount(shapeOf(output.tensor).subspan(1));
    result.values.reserve(result.width * data.rows);
  }
  for (size_t i = 0; results.size() > 1 && i < results.size(); ++i)
    results[i].name = concat("prediction_", i);
  size_t next = 0;
  nnc::predict(session, entry, allRows(data), [&](int64_t, const nnc_output &output, const std::byte *row) {
    Predictions &result = results[next++ % results.size()];
    for (int64_t i = 0; i < result.width; ++i)
      result.values.push_back(load(row, output.tensor.dtype, i));
  });
  return results;
}

/// The class names that go with predictions of this width: those of the checkpoint, numbers for classes it does not
/// name; nothing where the predictions are not classes.
std::vector<std::string> classNames(const Encoding &encoding, Predictions &predictions) {
  std::vector<std::string> names;
  for (const auto &[input, classes] : encoding.classes)
    if (names.empty() && static_cast<int64_t>(classes.size()) <= predictions.width)
      names = classes;
  if (names.empty() && (predictions.width < 2 || !predictions.areProbabilities()))
    return {};
  while (static_cast<int64_t>(names.size()) < predictions.width)
    names.push_back(std::to_string(names.size()));
  return names;
}

void ensureProbabilities(Predictions &predictions) {
  if (predictions.areProbabilities())
    return;
  std::cerr << "nnc-run: the model's results are not probabilities; softmax of them is shown\n";
  predictions.applySoftmax();
}

/// The model's numbers, where they are no classes: one a line, with the names that they have in a CSV file.
void printNumbers(std::vector<Predictions> &results) {
  for (Predictions &result : results)
    for (int64_t i = 0; i < result.width; ++i)
      std::printf("%.6f  %s_%ld\n", result.row(0)[i], result.name.c_str(), i);
}

void printClasses(const Options &options, Predictions &predictions, const std::vector<std::string> &names) {
  std::span<double> row = predictions.row(0);
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  if (options.top && options.top < static_cast<int64_t>(order.size()))
    order.resize(options.top);
  for (size_t i : order)
    std::printf("%.6f  %s\n", row[i], names[i].c_str());
}

/// `names` are those of the classes, where there are any.
std::string toCsv(std::vector<Predictions> &results, const std::vector<std::string> &names) {
  std::string text = names.empty() ? "" : "class";
  for (const Predictions &result : results)
    for (int64_t i = 0; i < result.width; ++i)
      text += (text.empty() ? "" : ",") + csvField(names.empty() ? concat(result.name, "_", i) : names[i]);
  text += "\n";
  for (int64_t r = 0; r < results.front().rows(); ++r) {
    std::string line;
    if (!names.empty()) {
      std::span<double> row = results.front().row(r);
      line = csvField(names[std::max_element(row.begin(), row.end()) - row.begin()]);
    }
    for (Predictions &result : results)
      for (double value : result.row(r)) {
        char number[32];
        std::snprintf(number, sizeof(number), "%.9g", value);
        line += concat(line.empty() ? "" : ",", number);
      }
    text += line + "\n";
  }
  return text;
}

void checkOptions(const Options &options) {
  if (options.text.empty() == options.data.empty())
    fail("predict takes either a text or --data");
  bool typed = options.data.empty();
  if (!typed && options.top)
    fail("--top goes with a text; for --data every class is written");
  if (typed && !options.output.empty())
    fail("--output goes with --data; for a text the result is printed");
  if (typed && !options.split.empty())
    fail("--split goes with --data");
  checkReplaceable("--output", options.output, options);
}

} // namespace

int predict(const Options &options) {
  checkOptions(options);
  Checkpoint checkpoint = readCheckpoint(options.checkpoint);
  bool typed = !options.text.empty();
  auto program = openCompiled(options, "init,predict", options.batch.value_or(typed ? 1 : kDefaultBatch));
  const nnc_entry &entry = requireEntry(*program, NNC_PREDICT, options.symbol, "--model");
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);
  if (const std::string &note = session.libraryNote(); !note.empty())
    std::cerr << "nnc-run: " << note << "\n";
  loadVariables(checkpoint, session, LoadKind::parameters);

  const nnc_entry *entries[] = {&entry};
  std::vector<nnc_input> inputs = dataInputs(entries);
  Source source =
      typed ? Source::fromText(options.text, inputs) : Source(chooseSplit(options), inputs, &checkpoint.encoding);
  Dataset data = source.encode(checkpoint.encoding);
  if (options.assertPlan)
    assertPlan(options, program, checkpoint, entry, data);
  std::vector<Predictions> results = runModel(session, entry, data);
  // Which of several results are classes, and which classes, a checkpoint does not say.
  std::vector<std::string> names;
  if (results.size() == 1)
    names = classNames(checkpoint.encoding, results[0]);
  if (!names.empty())
    ensureProbabilities(results[0]);
  if (typed && names.empty())
    printNumbers(results);
  else if (typed)
    printClasses(options, results[0], names);
  if (typed)
    return finishOutput();
  std::string csv = toCsv(results, names);
  if (options.output.empty()) {
    std::fwrite(csv.data(), 1, csv.size(), stdout);
    return finishOutput();
  }
  AtomicFile file(options.output);
  file.write(csv);
  file.commit();
  return 0;
}

} // namespace nnc::run
