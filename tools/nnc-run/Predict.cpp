// nnc-run predict: the classes of a typed text with their probabilities, or a CSV file for the rows of a data file.
#include "Compile.h"
#include "Data.h"
#include "Options.h"
#include "checkpoint/AtomicFile.h"
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

/// Rows of numbers that the model gave.
struct Predictions {
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

Predictions runModel(Session &session, const nnc_entry &entry, const Dataset &data) {
  const nnc_output *output = findOutput(entry, NNC_PREDICTION);
  if (!output)
    fail(entry.name, " has no prediction");
  Predictions predictions;
  predictions.width = elementCount(shapeOf(output->tensor).subspan(1));
  predictions.values.reserve(predictions.width * data.rows);
  nnc::predict(session, entry, allRows(data), [&](int64_t, const std::byte *row) {
    for (int64_t i = 0; i < predictions.width; ++i)
      predictions.values.push_back(load(row, output->tensor.dtype, i));
  });
  return predictions;
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

void printText(const Options &options, Predictions &predictions, const std::vector<std::string> &names) {
  std::span<double> row = predictions.row(0);
  std::vector<size_t> order(row.size());
  std::iota(order.begin(), order.end(), 0);
  if (!names.empty())
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return row[a] != row[b] ? row[a] > row[b] : a < b; });
  if (options.top && options.top < static_cast<int64_t>(order.size()))
    order.resize(options.top);
  for (size_t i : order)
    std::printf("%.6f  %s\n", row[i], names.empty() ? std::to_string(i).c_str() : names[i].c_str());
}

/// A CSV field, quoted where it must be.
std::string field(const std::string &text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos)
    return text;
  std::string quoted = "\"";
  for (char character : text)
    quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
  return quoted + '"';
}

std::string toCsv(Predictions &predictions, const std::vector<std::string> &names, const std::string &outputName) {
  std::string text = names.empty() ? "" : "class";
  for (int64_t i = 0; i < predictions.width; ++i) {
    std::string name = names.empty() ? concat(outputName, "_", i) : names[i];
    text += (text.empty() ? "" : ",") + field(name);
  }
  text += "\n";
  for (int64_t r = 0; r < predictions.rows(); ++r) {
    std::span<double> row = predictions.row(r);
    if (!names.empty())
      text += field(names[std::max_element(row.begin(), row.end()) - row.begin()]) + ",";
    for (size_t i = 0; i < row.size(); ++i) {
      char number[32];
      std::snprintf(number, sizeof(number), "%s%.9g", i ? "," : "", row[i]);
      text += number;
    }
    text += "\n";
  }
  return text;
}

} // namespace

int predict(const Options &options) {
  if (options.text.empty() == options.data.empty())
    fail("predict takes either a text or --data");
  Checkpoint checkpoint = readCheckpoint(options.checkpoint);
  bool typed = !options.text.empty();
  auto program = openProgram(compiledProgram(options, "init,predict", options.batch.value_or(typed ? 1 : 32)));
  const nnc_entry &entry = requireEntry(*program, NNC_PREDICT, options.symbol);
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);
  loadVariables(checkpoint, session, LoadKind::parameters);

  const nnc_entry *entries[] = {&entry};
  std::vector<nnc_input> inputs = dataInputs(entries);
  Source source = typed ? Source::fromText(options.text, inputs) : Source(chooseSplit(options), inputs);
  Dataset data = source.encode(checkpoint.encoding);
  Predictions predictions = runModel(session, entry, data);
  std::vector<std::string> names = classNames(checkpoint.encoding, predictions);
  if (!names.empty())
    ensureProbabilities(predictions);
  if (typed) {
    printText(options, predictions, names);
    return 0;
  }
  std::string csv = toCsv(predictions, names, findOutput(entry, NNC_PREDICTION)->tensor.name);
  if (options.output.empty()) {
    std::cout << csv << std::flush;
    return std::cout ? 0 : (fail("cannot write to standard output"), 1);
  }
  AtomicFile file(options.output);
  file.write(csv);
  file.commit();
  return 0;
}

} // namespace nnc::run
