// The loops over data: training for epochs, evaluating, predicting.
#pragma once
#include "checkpoint/Checkpoint.h"
#include "data/Dataset.h"
#include "train/Monitor.h"
#include <functional>
#include <span>

namespace nnc {

/// Some rows of a dataset.
struct Rows {
  const Dataset *data = nullptr;
  std::vector<int64_t> indices;
};

/// What an observer is told after each step.
struct StepReport {
  int64_t epoch;         // counted from 0
  int64_t epochs;        // in all
  int64_t step;          // steps done in this epoch
  int64_t steps;         // in an epoch
  int64_t samples;       // done in this epoch by this process
  double seconds;        // since this process started on this epoch
  const Averages &means; // over this epoch
};

/// What an observer is told after each epoch.
struct EpochReport {
  int64_t epoch; // counted from 0
  int64_t epochs;
  const EpochRecord &record;
  double seconds;          // of training
  double samplesPerSecond; // of training
};

/// Watches a training run. Told of a step it should not allocate memory.
class TrainObserver {
public:
  virtual ~TrainObserver() = default;
  virtual void onStep(const StepReport &) {}
  virtual void onEpoch(const EpochReport &) {}
  virtual void onSaved(const std::string &path, const TrainingState &) {}
  /// Asked after each step: whether to save and stop.
  virtual bool shouldStop() { return false; }
};

struct TrainOptions {
  int64_t epochs = 1;
  /// Saved after each epoch and when stopped; none where empty.
  std::string checkpoint;
  /// Also saved each time so many steps of an epoch are done; 0: not.
  int64_t checkpointEvery = 0;
  /// What of the epochs' numbers is followed, and what comes of it.
  MonitorOptions monitor = {};
  /// Saved after each epoch that is the best so far; none where empty.
  std::string bestCheckpoint = {};
  /// Adds what is known of an epoch besides loss and metrics to its record.
  std::function<void(EpochRecord &)> addNumbers = {};
};

class Trainer {
public:
  /// `evaluateEntry` may be null: then there are no validation numbers.
  Trainer(Session &session, const nnc_entry &trainEntry, const nnc_entry *evaluateEntry)
      : session(session), trainEntry(trainEntry), evaluateEntry(evaluateEntry) {}

  /// Goes on from `state`, whose variables are in the session, until `options.epochs` are done or the monitor ends it.
  /// True where they are, false where the observer stopped it. Where the monitor restores, the session then holds the
  /// best epoch's parameters; `state.kept` must hold them already where an epoch before is the best. Throws an Error
  /// where the loss or a parameter is not finite, and saves nothing then.
  bool train(const Rows &training, const Rows &validation, TrainingState &state, const Encoding &encoding,
             const TrainOptions &options, TrainObserver &observer);

private:
  bool trainEpoch(const Rows &training, TrainingState &state, const Encoding &encoding, const TrainOptions &options,
                  TrainObserver &observer);
  void restoreBest(TrainingState &state, const Encoding &encoding, const TrainOptions &options,
                   TrainObserver &observer);
  void save(const TrainingState &state, const Encoding &encoding, const std::string &path, TrainObserver &observer);
  void checkLoss(const TrainingState &state, int64_t steps) const;
  void checkParameters(const TrainingState &state) const;

  Session &session;
  const nnc_entry &trainEntry;
  const nnc_entry *evaluateEntry;
  std::vector<int64_t> order; // of this epoch: row numbers of the dataset
  double epochSeconds = 0;
  int64_t epochSamples = 0;
};

/// Fills `order` with the rows of the epoch that `state` stands in, in the order of training on them.
void orderRows(const Rows &training, const TrainingState &state, std::vector<int64_t> &order);

/// Means of loss and metrics over some rows.
Averages evaluate(Session &session, const nnc_entry &entry, const Rows &rows);

/// Calls `use(i, output, arena row)` for each of the rows, in order, and each prediction output.
void predict(Session &session, const nnc_entry &entry, const Rows &rows,
             const std::function<void(int64_t, const nnc_output &, const std::byte *)> &use);

} // namespace nnc
