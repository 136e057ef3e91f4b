// The C API of nnc/runtime.h: the library's classes behind functions that return codes.
#include "checkpoint/Checkpoint.h"
#include "core/Error.h"
#include "core/Session.h"
#include "data/Shuffle.h"
#include "data/Source.h"
#include "nnc/runtime.h"
#include <algorithm>
#include <cstring>
#include <numeric>

using namespace nnc;

struct nnc_session {
  Session session;
};

struct nnc_data {
  Dataset dataset;
};

namespace {

thread_local std::string lastError = "no error";

/// Runs `action`; true where it did not throw.
template <typename Action> bool guarded(Action action) {
  try {
    action();
    return true;
  } catch (const std::exception &error) {
    lastError = error.what();
    return false;
  }
}

template <typename Action> int status(Action action) { return guarded(action) ? 0 : 1; }

std::string_view orEmpty(const char *text) { return text ? text : ""; }

/// Writes the caller's samples into the arena; rows beyond theirs repeat the first. Allocates nothing.
void writeFields(Session &session, const nnc_entry &entry, std::span<const nnc_rows> fields, int64_t rows) {
  if (rows < 1 || rows > entry.batch)
    fail(entry.name, " takes between 1 and ", entry.batch, " samples, not ", rows);
  for (const nnc_rows &field : fields)
    if (const nnc_input *input = findInput(entry, orEmpty(field.input)); !input || input->role != NNC_DATA)
      fail(entry.name, " has no data input '", orEmpty(field.input), "'");
  for (const nnc_input &input : inputsOf(entry)) {
    if (input.role != NNC_DATA)
      continue;
    auto field = std::find_if(fields.begin(), fields.end(),
                              [&](const nnc_rows &f) { return orEmpty(f.input) == input.tensor.name; });
    if (field == fields.end() || !field->values)
      fail("there are no values for the input '", input.tensor.name, "' of ", entry.name);
    auto *values = static_cast<const std::byte *>(field->values);
    int64_t rowBytes = byteCount(input.tensor) / entry.batch;
    auto *target = static_cast<std::byte *>(session.inputAt(entry, input.tensor));
    std::memcpy(target, values, rows * rowBytes);
    for (int64_t i = rows; i < entry.batch; ++i)
      std::memcpy(target + i * rowBytes, values, rowBytes);
  }
  session.writeControls(entry, rows);
}

void runEntry(Session &session, const nnc_entry &entry, const Dataset &data, std::span<const int64_t> rows) {
  for (int64_t row : rows)
    if (row < 0 || row >= data.rows)
      fail("row ", row, " of data that has ", data.rows);
  writeBatch(session, entry, data, rows);
  session.run(entry);
}

void readResults(const Session &session, const nnc_entry &entry, double *results) {
  forEachResult(entry, [&](const nnc_output &output) {
    if (results)
      *results++ = session.readScalar(output.tensor);
  });
}

void readPrediction(const Session &session, const nnc_entry &entry, int64_t rows, void *prediction) {
  const nnc_output *output = findOutput(entry, NNC_PREDICTION);
  if (!output)
    fail(entry.name, " has no prediction");
  std::memcpy(prediction, session.at(output->tensor), byteCount(output->tensor) / entry.batch * rows);
}

/// Runs the entry of `kind` on fields and hands it to `read`.
template <typename Read>
int runOnFields(nnc_session *session, nnc_entry_kind kind, const char *symbol, const nnc_rows *fields,
                int64_t fieldCount, int64_t rows, Read read) {
  return status([&] {
    const nnc_entry &entry = requireEntry(session->session.program(), kind, orEmpty(symbol));
    writeFields(session->session, entry, {fields, static_cast<size_t>(fieldCount < 0 ? 0 : fieldCount)}, rows);
    session->session.run(entry);
    read(entry);
  });
}

template <typename Read>
int runOnData(nnc_session *session, nnc_entry_kind kind, const char *symbol, const nnc_data *data, const int64_t *rows,
              int64_t rowCount, Read read) {
  return status([&] {
    const nnc_entry &entry = requireEntry(session->session.program(), kind, orEmpty(symbol));
    runEntry(session->session, entry, data->dataset, {rows, static_cast<size_t>(rowCount < 0 ? 0 : rowCount)});
    read(entry);
  });
}

const nnc_variable &requireVariable(const nnc_session *session, const char *name, size_t bytes) {
  const nnc_variable *variable = findVariable(session->session.program(), orEmpty(name));
  if (!variable)
    fail("the program has no variable '", orEmpty(name), "'");
  if (bytes != static_cast<size_t>(byteCount(variable->tensor)))
    fail("'", name, "' of ", typeText(variable->tensor), " takes ", byteCount(variable->tensor), " bytes, not ", bytes);
  return *variable;
}

nnc_session *createSession(std::shared_ptr<const nnc_program> program, int32_t threads) {
  SessionOptions options;
  options.threads = threads;
  return new nnc_session{Session(std::move(program), options)};
}

} // namespace

const char *nnc_last_error(void) { return lastError.c_str(); }

nnc_session *nnc_session_create(const nnc_program *program, int32_t threads) {
  nnc_session *session = nullptr;
  guarded([&] {
    validateProgram(*program, "the linked program");
    session = createSession({std::shared_ptr<void>(), program}, threads);
  });
  return session;
}

nnc_session *nnc_session_open(const char *path, int32_t threads) {
  nnc_session *session = nullptr;
  guarded([&] { session = createSession(openProgram(path), threads); });
  return session;
}

void nnc_session_destroy(nnc_session *session) { delete session; }

const nnc_program *nnc_session_program(const nnc_session *session) { return &session->session.program(); }

const char *nnc_session_library(const nnc_session *session) { return session->session.libraryNote().c_str(); }

int nnc_session_init(nnc_session *session, int64_t seed) {
  return status([&] { session->session.initialize(seed); });
}

int nnc_session_set_learning_rate(nnc_session *session, double value) {
  return status([&] {
    auto takesRate = [](const nnc_entry &entry) { return findInput(entry, NNC_LEARNING_RATE) != nullptr; };
    if (std::ranges::none_of(entriesOf(session->session.program()), takesRate))
      fail("the program takes no learning rate: its steps' rates follow schedules");
    session->session.setLearningRate(value);
  });
}

int nnc_session_train(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t fieldCount,
                      int64_t rows, double *results) {
  return runOnFields(session, NNC_TRAIN, symbol, fields, fieldCount, rows,
                     [&](const nnc_entry &entry) { readResults(session->session, entry, results); });
}

int nnc_session_evaluate(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t fieldCount,
                         int64_t rows, double *results) {
  return runOnFields(session, NNC_EVALUATE, symbol, fields, fieldCount, rows,
                     [&](const nnc_entry &entry) { readResults(session->session, entry, results); });
}

int nnc_session_predict(nnc_session *session, const char *symbol, const nnc_rows *fields, int64_t fieldCount,
                        int64_t rows, void *prediction) {
  return runOnFields(session, NNC_PREDICT, symbol, fields, fieldCount, rows,
                     [&](const nnc_entry &entry) { readPrediction(session->session, entry, rows, prediction); });
}

int nnc_session_read(const nnc_session *session, const char *variable, void *values, size_t bytes) {
  return status([&] { std::memcpy(values, session->session.read(requireVariable(session, variable, bytes)), bytes); });
}

int nnc_session_write(nnc_session *session, const char *variable, const void *values, size_t bytes) {
  return status([&] { std::memcpy(session->session.write(requireVariable(session, variable, bytes)), values, bytes); });
}

int nnc_session_save(const nnc_session *session, const char *path) {
  return status([&] { saveCheckpoint(path, session->session, {}, {}); });
}

int nnc_session_load(nnc_session *session, const char *path) {
  return status([&] {
    Checkpoint checkpoint = readCheckpoint(path);
    bool complete = checkpoint.contents.tensors.size() == variablesOf(session->session.program()).size();
    for (const nnc_variable &variable : variablesOf(session->session.program()))
      complete = complete && checkpoint.contents.tensors.count(variable.tensor.name);
    loadVariables(checkpoint, session->session, complete ? LoadKind::everything : LoadKind::parameters);
  });
}

nnc_data *nnc_data_open(const nnc_session *session, const char *path, const char *split) {
  nnc_data *data = nullptr;
  guarded([&] {
    std::vector<const nnc_entry *> steps, models;
    for (const nnc_entry &entry : entriesOf(session->session.program())) {
      if (entry.kind == NNC_TRAIN || entry.kind == NNC_EVALUATE)
        steps.push_back(&entry);
      if (entry.kind == NNC_PREDICT)
        models.push_back(&entry);
    }
    std::string file = path;
    if (split) {
      auto found = findSplit(path, split);
      if (!found)
        fail(path, ": has no ", split, " split");
      file = *found;
    }
    Source source(file, dataInputs(steps.empty() ? models : steps));
    std::vector<int64_t> all(source.rows());
    std::iota(all.begin(), all.end(), 0);
    data = new nnc_data{source.encode(source.fit(all))};
  });
  return data;
}

void nnc_data_close(nnc_data *data) { delete data; }

int64_t nnc_data_rows(const nnc_data *data) { return data->dataset.rows; }

int nnc_session_train_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                           int64_t rowCount, double *results) {
  return runOnData(session, NNC_TRAIN, symbol, data, rows, rowCount,
                   [&](const nnc_entry &entry) { readResults(session->session, entry, results); });
}

int nnc_session_evaluate_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                              int64_t rowCount, double *results) {
  return runOnData(session, NNC_EVALUATE, symbol, data, rows, rowCount,
                   [&](const nnc_entry &entry) { readResults(session->session, entry, results); });
}

int nnc_session_predict_rows(nnc_session *session, const char *symbol, const nnc_data *data, const int64_t *rows,
                             int64_t rowCount, void *prediction) {
  return runOnData(session, NNC_PREDICT, symbol, data, rows, rowCount,
                   [&](const nnc_entry &entry) { readPrediction(session->session, entry, rowCount, prediction); });
}

void nnc_shuffle(uint64_t seed, uint64_t epoch, int64_t count, int64_t *order) {
  shuffleRows(seed, epoch, {order, static_cast<size_t>(count)});
}
