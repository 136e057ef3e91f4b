// --class-weight: what the loss of a sample is multiplied by, by its class.
#include "ClassWeights.h"
#include "Data.h"
#include "core/Error.h"
#include "data/MappedFile.h"
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

namespace nnc::run {
namespace {

constexpr const char *kBalanced = "balanced";

/// The data input whose range is that of the classes.
const nnc_input &labelOf(const Options &options, const nnc_entry &entry, int64_t classes) {
  std::vector<const nnc_input *> found;
  std::string names;
  for (const nnc_input &input : inputsOf(entry)) {
    bool fits = input.role == NNC_DATA && input.has_range && input.range_min == 0 && input.range_max == classes - 1;
    if (!fits || (!options.label.empty() && options.label != input.tensor.name))
      continue;
    found.push_back(&input);
    names += concat(names.empty() ? "" : ", ", "'", input.tensor.name, "'");
  }
  if (found.empty())
    fail("--class-weight: step '", entry.symbol, "' has no input", options.label.empty() ? "" : " '", options.label,
         options.label.empty() ? "" : "'", " of class numbers from 0 to ", classes - 1);
  if (found.size() > 1)
    fail("--class-weight: the classes could be ", names, "; --label chooses");
  return *found.front();
}

std::vector<int64_t> countClasses(const nnc_input &label, const Rows &training, int64_t classes) {
  std::vector<int64_t> counts(classes);
  const Column &column = *training.data->find(label.tensor.name);
  auto count = [&]<typename T>(T value) {
    for (int64_t row : training.indices)
      for (int64_t i = 0; i < column.rowBytes / static_cast<int64_t>(sizeof(T)); ++i) {
        std::memcpy(&value, column.rows + row * column.rowBytes + i * sizeof(T), sizeof(T));
        ++counts[value];
      }
  };
  if (label.tensor.dtype == NNC_I64)
    count(int64_t());
  else
    count(int32_t());
  return counts;
}

std::vector<double> balance(const std::vector<int64_t> &counts) {
  double all = 0, present = 0;
  for (int64_t count : counts) {
    all += static_cast<double>(count);
    present += count > 0;
  }
  std::vector<double> weights;
  for (int64_t count : counts)
    weights.push_back(count ? all / (present * static_cast<double>(count)) : 1);
  return weights;
}

/// Sets weights by name, each once.
class Setter {
public:
  Setter(const std::vector<std::string> &names) : names(names), weights(names.size(), 1.0), given(names.size()) {}

  void set(const std::string &name, double weight) {
    auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      fail("--class-weight: there is no class '", name, "', but ", listed());
    size_t index = found - names.begin();
    if (given[index])
      fail("--class-weight: '", name, "' has two weights");
    // Steps compute with f32.
    if (!std::isfinite(static_cast<float>(weight)) || weight < 0)
      fail("--class-weight: the weight of '", name, "' must be a number, at least 0, that f32 holds");
    if (weight > 0 && static_cast<float>(weight) == 0)
      fail("--class-weight: the weight of '", name, "' is so small that f32 takes it for 0");
    weights[index] = weight;
    given[index] = true;
  }
  std::vector<double> result() const {
    if (std::all_of(weights.begin(), weights.end(), [](double weight) { return weight == 0; }))
      fail("--class-weight: every class has weight 0: there would be nothing to learn");
    return weights;
  }

private:
  std::string listed() const {
    constexpr size_t kShown = 12;
    std::string text;
    for (size_t i = 0; i < names.size() && i < kShown; ++i)
      text += concat(i ? ", " : "", names[i]);
    return text + (names.size() > kShown ? concat(", ... (", names.size(), " in all)") : "");
  }

  const std::vector<std::string> &names;
  std::vector<double> weights;
  std::vector<bool> given;
};

void setFromList(const std::string &list, Setter &setter) {
  for (size_t start = 0; start <= list.size();) {
    size_t end = std::min(list.find(',', start), list.size());
    std::string part = list.substr(start, end - start);
    size_t equals = part.rfind('=');
    double weight = 0;
    const char *digits = part.data() + (equals == std::string::npos ? part.size() : equals + 1);
    auto [stop, status] = std::from_chars(digits, part.data() + part.size(), weight);
    if (equals == std::string::npos || status != std::errc() || stop != part.data() + part.size())
      fail("--class-weight: '", part, "' is no NAME=NUMBER");
    setter.set(part.substr(0, equals), weight);
    start = end + 1;
  }
}

void setFromFile(const std::string &path, Setter &setter) {
  using Json = nlohmann::ordered_json;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored))
    fail("--class-weight ", path, ": is neither balanced nor NAME=NUMBER,NAME=NUMBER nor a file");
  auto file = MappedFile::open(path);
  std::string_view text = file->text();
  std::set<std::string> seen;
  auto read = [&](int depth, Json::parse_event_t event, Json &value) {
    if (depth == 1 && event == Json::parse_event_t::key && !seen.insert(value.get<std::string>()).second)
      fail(path, ": '", value.get<std::string>(), "' has two weights");
    // One level deep: refusing more keeps a hostile file from growing a tree.
    return depth <= 1;
  };
  Json object = Json::parse(text, read, false);
  if (!object.is_object())
    fail(path, ": is no JSON object of class names and weights");
  for (const auto &[name, weight] : object.items()) {
    if (!weight.is_number())
      fail(path, ": the weight of '", name, "' is no number");
    setter.set(name, weight.get<double>());
  }
}

} // namespace

std::vector<double> readClassWeights(const Options &options, const nnc_entry &trainEntry, const Rows &training,
                                     const Encoding &encoding) {
  const nnc_input *input = findInput(trainEntry, NNC_CLASS_WEIGHTS);
  if (!input)
    fail(options.model, ": was not compiled with class weights: nnc-opt --class-weights does so");
  int64_t classes = elementCount(input->tensor);
  const nnc_input &label = labelOf(options, trainEntry, classes);
  if (options.classWeight == kBalanced)
    return balance(countClasses(label, training, classes));
  std::vector<std::string> names = classNames(encoding, label.tensor.name, classes);
  Setter setter(names);
  if (options.classWeight.find('=') != std::string::npos)
    setFromList(options.classWeight, setter);
  else
    setFromFile(options.classWeight, setter);
  return setter.result();
}

} // namespace nnc::run
