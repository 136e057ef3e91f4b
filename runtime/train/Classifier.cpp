// A step seen as a classifier.
#include "train/Classifier.h"
#include "core/Error.h"
#include <algorithm>
#include <cmath>
#include <cstring>

namespace nnc {
namespace {

/// Counts take classes² numbers.
constexpr int64_t kMaxClasses = 4096;
/// How far from 1 the sum of a label's distribution in f32 may be.
constexpr double kSumTolerance = 1e-3;

bool isFloat(const nnc_tensor &tensor) { return tensor.dtype == NNC_F32 || tensor.dtype == NNC_F64; }

bool haveSameType(const nnc_tensor &left, const nnc_tensor &right) { return typeText(left) == typeText(right); }

/// Whether `input` may say the true classes of what `result` predicts.
bool isLabelOf(const nnc_input &input, const nnc_tensor &result) {
  if (isFloat(input.tensor))
    return haveSameType(input.tensor, result);
  auto shape = shapeOf(result), own = shapeOf(input.tensor);
  return std::equal(own.begin(), own.end(), shape.begin(), shape.end() - 1) && input.has_range &&
         input.range_min == 0 && input.range_max == shape.back() - 1;
}

/// The step's data that a model's input takes.
const nnc_input *sourceOf(const nnc_input &input, const nnc_entry &step) {
  if (const nnc_input *same = findInput(step, input.tensor.name))
    return haveSameType(same->tensor, input.tensor) ? same : nullptr;
  const nnc_input *found = nullptr;
  for (const nnc_input &candidate : inputsOf(step)) {
    if (candidate.role != NNC_DATA || !haveSameType(candidate.tensor, input.tensor))
      continue;
    if (found)
      return nullptr;
    found = &candidate;
  }
  return found;
}

template <typename T> T loadAs(const std::byte *data, int64_t index) {
  T value;
  std::memcpy(&value, data + index * sizeof(value), sizeof(value));
  return value;
}

double load(const std::byte *data, int32_t dtype, int64_t index) {
  return dtype == NNC_F64 ? loadAs<double>(data, index) : loadAs<float>(data, index);
}

int64_t loadInteger(const std::byte *data, int32_t dtype, int64_t index) {
  return dtype == NNC_I64 ? loadAs<int64_t>(data, index) : loadAs<int32_t>(data, index);
}

/// The first of the largest of `count` numbers from number `start` on.
int64_t argMax(const std::byte *data, int32_t dtype, int64_t start, int64_t count) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (load(data, dtype, start + i) > load(data, dtype, start + best))
      best = i;
  return best;
}

void checkDistribution(const nnc_input &labels, int64_t row, const std::byte *data, int64_t start, int64_t count) {
  double sum = 0;
  bool negative = false;
  for (int64_t i = 0; i < count; ++i) {
    double share = load(data, labels.tensor.dtype, start + i);
    negative |= share < 0;
    sum += share;
  }
  if (negative || std::fabs(sum - 1) > kSumTolerance)
    fail("row ", row, " of the input '", labels.tensor.name,
         "' is no distribution over classes, so there are no classes to report");
}

} // namespace

Classifier::Classifier(const nnc_program &program, const nnc_entry &step, const std::string &model,
                       const std::string &label) {
  std::string models, found;
  int64_t choices = 0;
  for (const nnc_entry &candidate : entriesOf(program)) {
    if (candidate.kind != NNC_PREDICT || (!model.empty() && model != candidate.symbol))
      continue;
    models += concat(models.empty() ? "" : ", ", "'", candidate.symbol, "'");
    std::vector<std::pair<std::string, std::string>> sources;
    bool complete = true;
    for (const nnc_input &input : inputsOf(candidate)) {
      if (input.role != NNC_DATA)
        continue;
      const nnc_input *source = sourceOf(input, step);
      complete = complete && source;
      sources.emplace_back(input.tensor.name, source ? source->tensor.name : "");
    }
    auto isTaken = [&](const nnc_input &input) {
      return std::any_of(sources.begin(), sources.end(),
                         [&](const auto &source) { return source.second == input.tensor.name; });
    };
    for (const nnc_output &output : outputsOf(candidate))
      for (const nnc_input &input : inputsOf(step)) {
        if (!complete || output.role != NNC_PREDICTION || !isFloat(output.tensor) || output.tensor.rank < 2 ||
            shapeOf(output.tensor).back() < 2 || input.role != NNC_DATA || isTaken(input) ||
            (!label.empty() && label != input.tensor.name) || !isLabelOf(input, output.tensor))
          continue;
        found += concat(choices++ ? ", " : "", "'", input.tensor.name, "' by '", candidate.symbol, "'");
        predictEntry = &candidate;
        result = &output;
        labels = &input;
        columns = sources;
      }
  }
  if (models.empty() && !model.empty())
    fail("program '", program.name, "' has no predict entry for '", model, "'");
  if (models.empty())
    fail("program '", program.name,
         "' has no predict entry, which scores of classes are counted with: nnc-opt --entries says which it has");
  if (choices == 0)
    fail("scores of classes need a model that gives two or more numbers a sample, and a label beside its inputs that "
         "says which of them is the true class: step '",
         step.symbol, "'", label.empty() ? "" : concat(" with the label '", label, "'"), " and ", models, " have none");
  if (choices > 1)
    fail("several inputs could be the true classes of several models: ", found, "; --label and --model choose");
  if (classes() > kMaxClasses)
    fail("'", predictEntry->symbol, "' has ", classes(), " classes; they are counted for ", kMaxClasses, " at most");
}

int64_t Classifier::classes() const { return shapeOf(result->tensor).back(); }

ConfusionMatrix Classifier::count(Session &session, const Rows &rows) const {
  Dataset data;
  data.rows = rows.data->rows;
  for (const auto &[input, source] : columns) {
    data.columns.push_back(*rows.data->find(source));
    data.columns.back().name = input;
  }
  const Column &truth = *rows.data->find(labels->tensor.name);
  int64_t positions = elementCount(shapeOf(result->tensor).subspan(1)) / classes();
  ConfusionMatrix matrix(classes());
  predict(session, *predictEntry, {&data, rows.indices},
          [&](int64_t i, const nnc_output &output, const std::byte *predicted) {
            if (&output != result)
              return;
            int64_t row = rows.indices[i];
            const std::byte *label = truth.rows + row * truth.rowBytes;
            for (int64_t p = 0; p < positions; ++p) {
              int64_t start = p * classes(), trueClass;
              if (isFloat(labels->tensor)) {
                checkDistribution(*labels, row, label, start, classes());
                trueClass = argMax(label, labels->tensor.dtype, start, classes());
              } else {
                trueClass = loadInteger(label, labels->tensor.dtype, p);
              }
              matrix.add(trueClass, argMax(predicted, output.tensor.dtype, start, classes()));
            }
          });
  return matrix;
}

} // namespace nnc
