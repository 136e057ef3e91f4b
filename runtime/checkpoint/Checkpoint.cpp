// Checkpoints: a session's variables and where its training stands, in one safetensors file.
#include "checkpoint/Checkpoint.h"
#include "core/Error.h"
#include <algorithm>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>

namespace nnc {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kBest = "best:", kLast = "last:";

Json recordToJson(const EpochRecord &record) {
  Json object = Json::object();
  for (const auto &[name, value] : record)
    object[name] = value;
  return object;
}

/// Reads the metadata of a checkpoint; every entry may be absent, as in a file of another tool, but not malformed.
class MetadataReader {
public:
  MetadataReader(const Checkpoint &checkpoint) : checkpoint(checkpoint) {}

  int64_t number(const char *key) {
    const std::string *text = find(key);
    if (!text)
      return 0;
    Json value = parse(key, *text);
    if (!value.is_number_integer())
      malformed(key);
    return value.get<int64_t>();
  }

  std::optional<double> real(const char *key) {
    const std::string *text = find(key);
    if (!text)
      return std::nullopt;
    Json value = parse(key, *text);
    if (!value.is_number())
      malformed(key);
    return value.get<double>();
  }

  EpochRecord record(const char *key, const Json &object) {
    if (!object.is_object())
      malformed(key);
    EpochRecord record;
    for (const auto &[name, value] : object.items()) {
      if (!value.is_number() && !value.is_null())
        malformed(key);
      // JSON has no NaN: it is written as null.
      record.emplace_back(name, value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    }
    return record;
  }

  std::vector<std::string> texts(const char *key, const Json &array) {
    if (!array.is_array())
      malformed(key);
    std::vector<std::string> result;
    for (const Json &text : array) {
      if (!text.is_string())
        malformed(key);
      result.push_back(text.get<std::string>());
    }
    return result;
  }

  std::map<std::string, std::vector<std::string>> textsByName(const char *key) {
    std::map<std::string, std::vector<std::string>> result;
    Json object = json(key);
    if (!object.is_null() && !object.is_object())
      malformed(key);
    for (const auto &[name, array] : object.items())
      result.emplace(name, texts(key, array));
    return result;
  }

  std::vector<double> numbers(const char *key, const Json &array) {
    if (!array.is_array())
      malformed(key);
    std::vector<double> result;
    for (const Json &number : array) {
      if (!number.is_number())
        malformed(key);
      result.push_back(number.get<double>());
    }
    return result;
  }

  /// The JSON of an entry; null where there is none.
  Json json(const char *key) {
    const std::string *text = find(key);
    return text ? parse(key, *text) : Json();
  }

  [[noreturn]] void malformed(const char *key) {
    fail(checkpoint.path, ": not a readable checkpoint: its metadata '", key, "' is malformed");
  }

private:
  const std::string *find(const char *key) {
    auto found = checkpoint.contents.metadata.find(key);
    return found == checkpoint.contents.metadata.end() ? nullptr : &found->second;
  }
  Json parse(const char *key, const std::string &text) {
    Json value = Json::parse(text, [](int depth, Json::parse_event_t, Json &) { return depth <= 3; }, false);
    if (value.is_discarded())
      malformed(key);
    return value;
  }

  const Checkpoint &checkpoint;
};

std::string dump(const Json &value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

} // namespace

void saveCheckpoint(const std::string &path, const Session &session, const TrainingState &state,
                    const Encoding &encoding) {
  Safetensors contents;
  for (const nnc_variable &variable : variablesOf(session.program())) {
    const nnc_tensor &tensor = variable.tensor;
    auto shape = shapeOf(tensor);
    contents.tensors[tensor.name] = {
        tensor.dtype,
        {shape.begin(), shape.end()},
        {static_cast<const std::byte *>(session.read(variable)), size_t(byteCount(tensor))}};
    if (!state.kept.empty() && variable.role == NNC_PARAMETER)
      contents.tensors[concat(state.restored ? kLast : kBest, tensor.name)] = {
          tensor.dtype, {shape.begin(), shape.end()}, state.kept.at(tensor.name)};
  }
  auto &metadata = contents.metadata;
  if (!state.kept.empty())
    metadata["nnc.best_epoch"] = std::to_string(state.bestEpoch);
  metadata["nnc.format"] = "1";
  metadata["nnc.program"] = session.program().name;
  metadata["nnc.epoch"] = std::to_string(state.epoch);
  metadata["nnc.position"] = std::to_string(state.position);
  metadata["nnc.seed"] = std::to_string(state.seed);
  metadata["nnc.batch"] = std::to_string(state.batch);
  metadata["nnc.rows"] = std::to_string(state.rows);
  if (state.rowsHash)
    metadata["nnc.rows_hash"] = std::to_string(state.rowsHash);
  if (state.learningRate)
    metadata["nnc.learning_rate"] = dump(*state.learningRate);
  if (!state.classWeights.empty())
    metadata["nnc.class_weights"] = dump(state.classWeights);
  if (state.averages.samples() > 0) {
    Json averages = {{"samples", state.averages.samples()}, {"sums", recordToJson(state.averages.sums())}};
    metadata["nnc.averages"] = dump(averages);
  }
  Json history = Json::array();
  for (const EpochRecord &record : state.history)
    history.push_back(recordToJson(record));
  metadata["nnc.history"] = dump(history);
  if (!encoding.vocabulary.words().empty())
    metadata["nnc.words"] = dump(encoding.vocabulary.words());
  if (!encoding.classes.empty())
    metadata["nnc.classes"] = dump(encoding.classes);
  if (!encoding.columns.empty())
    metadata["nnc.columns"] = dump(encoding.columns);
  writeSafetensors(path, contents);
}

Checkpoint readCheckpoint(const std::string &path) { return parseCheckpoint(readSafetensors(path), path); }

/// Moves the tensors kept aside out of the others.
static void takeKept(Checkpoint &checkpoint) {
  auto &tensors = checkpoint.contents.tensors;
  for (std::string_view prefix : {kBest, kLast})
    for (auto next = tensors.lower_bound(std::string(prefix)); next != tensors.end() && next->first.starts_with(prefix);
         next = tensors.erase(next)) {
      checkpoint.state.restored = prefix == kLast;
      if (!checkpoint.kept.emplace(next->first.substr(prefix.size()), next->second).second)
        fail(checkpoint.path, ": not a readable checkpoint: it holds both '", kBest, "' and '", kLast, "' tensors");
    }
}

Checkpoint parseCheckpoint(Safetensors contents, const std::string &path) {
  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.contents = std::move(contents);
  MetadataReader reader(checkpoint);
  if (reader.number("nnc.format") > 1)
    fail(path, ": was written by a newer nnc (checkpoint format ", reader.number("nnc.format"), ")");
  TrainingState &state = checkpoint.state;
  state.epoch = reader.number("nnc.epoch");
  state.position = reader.number("nnc.position");
  state.seed = reader.number("nnc.seed");
  state.batch = reader.number("nnc.batch");
  state.rows = reader.number("nnc.rows");
  state.rowsHash = reader.number("nnc.rows_hash");
  state.learningRate = reader.real("nnc.learning_rate");
  state.bestEpoch = reader.number("nnc.best_epoch");
  takeKept(checkpoint);
  for (const char *key : {"nnc.epoch", "nnc.position", "nnc.batch", "nnc.rows", "nnc.best_epoch"})
    if (reader.number(key) < 0)
      reader.malformed(key);
  if (Json weights = reader.json("nnc.class_weights"); !weights.is_null())
    state.classWeights = reader.numbers("nnc.class_weights", weights);
  if (Json averages = reader.json("nnc.averages"); !averages.is_null()) {
    if (!averages.is_object() || !averages.contains("samples") || !averages["samples"].is_number_unsigned() ||
        !averages.contains("sums"))
      reader.malformed("nnc.averages");
    state.averages = Averages(averages["samples"].get<int64_t>(), reader.record("nnc.averages", averages["sums"]));
  }
  if (Json history = reader.json("nnc.history"); !history.is_null()) {
    if (!history.is_array())
      reader.malformed("nnc.history");
    for (const Json &record : history)
      state.history.push_back(reader.record("nnc.history", record));
  }
  if (Json words = reader.json("nnc.words"); !words.is_null())
    checkpoint.encoding.vocabulary = Vocabulary(reader.texts("nnc.words", words));
  checkpoint.encoding.classes = reader.textsByName("nnc.classes");
  checkpoint.encoding.columns = reader.textsByName("nnc.columns");
  return checkpoint;
}

namespace {

void checkValues(const Checkpoint &checkpoint, const nnc_variable &variable, const StoredTensor &stored) {
  const nnc_tensor &tensor = variable.tensor;
  if (!allFinite(tensor, stored.bytes.data()))
    fail(checkpoint.path, ": '", tensor.name, "' holds values that are not finite");
  if (variable.role != NNC_COUNTER || tensor.dtype != NNC_I64)
    return;
  int64_t count = 0;
  std::memcpy(&count, stored.bytes.data(), std::min(sizeof(count), stored.bytes.size()));
  if (count < 0)
    fail(checkpoint.path, ": '", tensor.name, "' is ", count, ": a number of steps cannot be negative");
}

} // namespace

void loadKept(const Checkpoint &checkpoint, Session &session, TrainingState &state) {
  for (const nnc_variable &variable : variablesOf(session.program())) {
    if (checkpoint.kept.empty() || variable.role != NNC_PARAMETER)
      continue;
    const nnc_tensor &tensor = variable.tensor;
    auto found = checkpoint.kept.find(tensor.name);
    if (found == checkpoint.kept.end() ||
        typeText(found->second.shape, dtypeName(found->second.dtype)) != typeText(tensor))
      fail(checkpoint.path, ": not a readable checkpoint: of the parameters it keeps aside, '", tensor.name,
           "' is missing or of another type");
    checkValues(checkpoint, variable, found->second);
    state.kept[tensor.name].assign(found->second.bytes.begin(), found->second.bytes.end());
  }
  if (state.restored && !state.kept.empty())
    state.kept.swap(session);
  state.restored = false;
}

/// Refuses a parameter that the program has not: a tensor of numbers with a point that is neither one of its variables
/// nor a slot of one. Counters of other steps are passed over.
static void checkAllTaken(const Checkpoint &checkpoint, const nnc_program &program) {
  for (const auto &[name, stored] : checkpoint.contents.tensors) {
    if (stored.dtype == NNC_I64)
      continue;
    const nnc_variable *owner = findVariable(program, name);
    for (size_t dot = name.rfind('.'); !owner && dot != std::string::npos && dot > 0; dot = name.rfind('.', dot - 1))
      owner = findVariable(program, std::string_view(name).substr(0, dot));
    if (!owner)
      fail(checkpoint.path, ": a checkpoint of another model: it holds '", name, "', ",
           typeText(stored.shape, dtypeName(stored.dtype)), ", which this one has not");
  }
}

void loadVariables(const Checkpoint &checkpoint, Session &session, LoadKind kind) {
  const auto &tensors = checkpoint.contents.tensors;
  auto wanted = [&](const nnc_variable &variable) {
    return kind == LoadKind::everything || variable.role == NNC_PARAMETER;
  };
  for (const nnc_variable &variable : variablesOf(session.program())) {
    if (!wanted(variable))
      continue;
    const nnc_tensor &tensor = variable.tensor;
    std::string type = typeText(tensor);
    auto found = tensors.find(tensor.name);
    if (found == tensors.end() && variable.role == NNC_PARAMETER)
      fail(checkpoint.path, ": a checkpoint of another model: it has no '", tensor.name, "', which is ", type,
           " in this one");
    if (found == tensors.end())
      fail(checkpoint.path, ": was trained with another optimiser or step: it has no '", tensor.name,
           "', which this one keeps");
    std::string stored = typeText(found->second.shape, dtypeName(found->second.dtype));
    if (stored != type)
      fail(checkpoint.path, ": a checkpoint of another model: '", tensor.name, "' is ", stored, " there and ", type,
           " in this one");
    checkValues(checkpoint, variable, found->second);
  }
  if (kind == LoadKind::parameters)
    checkAllTaken(checkpoint, session.program());
  // An optimiser that keeps less must not take another's slots for its own.
  for (const auto &[name, stored] : tensors)
    if (kind == LoadKind::everything && !findVariable(session.program(), name))
      fail(checkpoint.path, ": was trained with another optimiser or step: it holds '", name,
           "', which this one does not keep");
  for (const nnc_variable &variable : variablesOf(session.program())) {
    if (!wanted(variable))
      continue;
    auto bytes = tensors.at(variable.tensor.name).bytes;
    std::memcpy(session.write(variable), bytes.data(), bytes.size());
  }
}

} // namespace nnc
