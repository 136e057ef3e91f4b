// The loops over data: training for epochs, evaluating, predicting.
#include "train/Trainer.h"
#include "core/Error.h"
#include "data/Shuffle.h"
#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

namespace nnc {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Batch number `number` of `rows`, of `size` rows but the last; empty behind that.
std::span<const int64_t> batchOf(std::span<const int64_t> rows, int64_t size, int64_t number) {
  size_t start = std::min<size_t>(number * size, rows.size());
  return rows.subspan(start, std::min<size_t>(size, rows.size() - start));
}

/// Runs an entry on consecutive batches of rows, from number `first` on, and calls `use(batch)` after each, which says
/// whether to go on; whether all have been run. Where it can be, a batch is written while the one before it runs.
template <typename Use>
bool runBatches(Session &session, const nnc_entry &entry, const Dataset &data, std::span<const int64_t> rows,
                int64_t first, Use use) {
  int64_t number = first;
  bool isWritten = false;
  auto write = [&](std::span<const int64_t> batch) { writeBatch(session, entry, data, batch); };
  // Made once: a step allocates nothing.
  const std::function<void()> nothing, writeNext = [&] { write(batchOf(rows, entry.batch, number + 1)); };
  for (;; ++number) {
    std::span<const int64_t> batch = batchOf(rows, entry.batch, number);
    if (batch.empty())
      return true;
    if (!isWritten)
      write(batch);
    bool isLast = batchOf(rows, entry.batch, number + 1).empty();
    isWritten = session.run(entry, isLast ? nothing : writeNext);
    if (!use(batch))
      return false;
  }
}

} // namespace

bool Trainer::train(const Rows &training, const Rows &validation, TrainingState &state, const Encoding &encoding,
                    const TrainOptions &options, TrainObserver &observer) {
  if (training.indices.empty())
    fail("there are no training rows");
  state.batch = trainEntry.batch;
  state.rows = static_cast<int64_t>(training.indices.size());
  session.setSeed(state.seed);
  session.setLearningRate(state.learningRate);
  session.setClassWeights(state.classWeights);
  if (!state.averages.fits(trainEntry))
    state.averages = Averages(trainEntry);

  Monitor monitor(options.monitor, state.history);
  while (state.epoch < options.epochs && !monitor.shouldStop()) {
    if (!trainEpoch(training, state, encoding, options, observer))
      return false;
    EpochRecord record;
    for (size_t i = 0; i < state.averages.size(); ++i)
      record.emplace_back(state.averages.name(i), state.averages.mean(i));
    if (evaluateEntry && !validation.indices.empty()) {
      Averages means = evaluate(session, *evaluateEntry, validation);
      for (size_t i = 0; i < means.size(); ++i)
        record.emplace_back("val_" + means.name(i), means.mean(i));
    }
    if (options.addNumbers)
      options.addNumbers(record);
    state.history.push_back(record);
    state.averages = Averages(trainEntry);
    state.position = 0;
    int64_t epoch = state.epoch++;
    monitor.add(record);
    if (options.monitor.restores && monitor.hasImproved()) {
      state.kept.take(session);
      state.bestEpoch = epoch;
    }
    double rate = epochSeconds > 0 ? static_cast<double>(epochSamples) / epochSeconds : 0;
    observer.onEpoch({epoch, options.epochs, record, epochSeconds, rate});
    if (monitor.isBest() && !options.bestCheckpoint.empty()) {
      // Its own parameters are the best.
      ParameterCopy kept = std::exchange(state.kept, {});
      save(state, encoding, options.bestCheckpoint, observer);
      state.kept = std::move(kept);
    }
    save(state, encoding, options.checkpoint, observer);
    if (state.epoch < options.epochs && !monitor.shouldStop() && observer.shouldStop())
      return false;
  }
  restoreBest(state, encoding, options, observer);
  return true;
}

void Trainer::restoreBest(TrainingState &state, const Encoding &encoding, const TrainOptions &options,
                          TrainObserver &observer) {
  if (!options.monitor.restores || state.kept.empty())
    return;
  state.kept.swap(session);
  state.restored = true;
  save(state, encoding, options.checkpoint, observer);
}

bool Trainer::trainEpoch(const Rows &training, TrainingState &state, const Encoding &encoding,
                         const TrainOptions &options, TrainObserver &observer) {
  orderRows(training, state, order);
  int64_t batch = trainEntry.batch;
  int64_t steps = (state.rows + batch - 1) / batch;
  if (state.position > steps)
    fail("the checkpoint stands at step ", state.position, " of an epoch that has ", steps);
  auto start = std::chrono::steady_clock::now();
  epochSamples = 0;
  epochSeconds = 0;
  return runBatches(session, trainEntry, *training.data, order, state.position, [&](std::span<const int64_t> rows) {
    auto count = static_cast<int64_t>(rows.size());
    ++state.position;
    checkLoss(state, steps);
    state.averages.add(session, trainEntry, count);
    epochSamples += count;
    epochSeconds = secondsSince(start);
    observer.onStep({state.epoch, options.epochs, state.position, steps, epochSamples, epochSeconds, state.averages});
    if (state.position == steps)
      return true;
    bool stop = observer.shouldStop();
    if (stop || (options.checkpointEvery > 0 && state.position % options.checkpointEvery == 0))
      save(state, encoding, options.checkpoint, observer);
    return !stop;
  });
}

void Trainer::save(const TrainingState &state, const Encoding &encoding, const std::string &path,
                   TrainObserver &observer) {
  checkParameters(state);
  if (path.empty())
    return;
  saveCheckpoint(path, session, state, encoding);
  observer.onSaved(path, state);
}

void Trainer::checkLoss(const TrainingState &state, int64_t steps) const {
  const nnc_output *loss = findOutput(trainEntry, NNC_LOSS);
  if (!loss || std::isfinite(session.readScalar(loss->tensor)))
    return;
  fail("the loss is ", session.readScalar(loss->tensor), " at step ", state.epoch * steps + state.position, " (step ",
       state.position, " of ", steps, " in epoch ", state.epoch + 1,
       "): stopped, and nothing was saved since; a lower learning rate may help");
}

void Trainer::checkParameters(const TrainingState &state) const {
  for (const nnc_variable &variable : variablesOf(session.program())) {
    const nnc_tensor &tensor = variable.tensor;
    if (allFinite(tensor, session.read(variable)))
      continue;
    // After an epoch the state stands at the start of the next one.
    int64_t steps = (state.rows + state.batch - 1) / state.batch;
    int64_t step = state.position ? state.position : steps, epoch = state.position ? state.epoch + 1 : state.epoch;
    fail("'", tensor.name, "' holds values that are not finite after step ", step, " of epoch ", epoch,
         ": stopped, and nothing was saved since; a lower learning rate may help");
  }
}

void orderRows(const Rows &training, const TrainingState &state, std::vector<int64_t> &order) {
  order.resize(training.indices.size());
  shuffleRows(state.seed, state.epoch, order);
  for (int64_t &row : order)
    row = training.indices[row];
}

Averages evaluate(Session &session, const nnc_entry &entry, const Rows &rows) {
  Averages means(entry);
  runBatches(session, entry, *rows.data, rows.indices, 0, [&](std::span<const int64_t> batch) {
    means.add(session, entry, static_cast<int64_t>(batch.size()));
    return true;
  });
  return means;
}

void predict(Session &session, const nnc_entry &entry, const Rows &rows,
             const std::function<void(int64_t, const nnc_output &, const std::byte *)> &use) {
  if (!findOutput(entry, NNC_PREDICTION))
    fail(entry.name, " has no prediction");
  int64_t done = 0;
  runBatches(session, entry, *rows.data, rows.indices, 0, [&](std::span<const int64_t> batch) {
    for (size_t i = 0; i < batch.size(); ++i, ++done)
      for (const nnc_output &output : outputsOf(entry))
        if (output.role == NNC_PREDICTION)
          use(done, output,
              static_cast<const std::byte *>(session.at(output.tensor)) + i * (byteCount(output.tensor) / entry.batch));
    return true;
  });
}

} // namespace nnc
