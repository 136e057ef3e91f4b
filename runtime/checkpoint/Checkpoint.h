// Checkpoints: a session's variables and where its training stands, in one safetensors file.
//
// Tensors have the names of the variables: parameters, optimiser slots and the step counter. The metadata hold
//   nnc.format         1
//   nnc.program        name of the model file
//   nnc.epoch          epochs completed
//   nnc.position       steps done in the epoch after these
//   nnc.seed, nnc.batch, nnc.rows, nnc.learning_rate   what a resumed run must use again (rows: training rows)
//   nnc.rows_hash      which rows of the file the training rows are (fingerprint in data/Partition.h), where not all
//   nnc.class_weights  JSON: what the losses of the classes are multiplied by, where that is not 1
//   nnc.averages       JSON: sums of loss and metrics over the unfinished epoch
//   nnc.history        JSON: one object an epoch
//   nnc.words          JSON: the vocabulary from number 2 on
//   nnc.classes        JSON: class names by input
//   nnc.columns        JSON: by input, the columns of a table that it was trained on, where their names do not say so
//   nnc.best_epoch     where the file also holds the parameters of the best epoch, which training ends with: that epoch
// While such a training goes on, these are tensors `best:NAME`. When it has ended, they are the tensors NAME, and those
// that it had then, which a resumed run goes on from, are `last:NAME`.
// Nothing in it depends on the time, the machine or the number of threads: equal training gives equal bytes.
#pragma once
#include "checkpoint/Safetensors.h"
#include "core/ParameterCopy.h"
#include "core/Session.h"
#include "data/Source.h"
#include "train/Averages.h"

namespace nnc {

/// Named numbers of one epoch in the order in which they are shown: loss, accuracy, val_loss, ...
using EpochRecord = std::vector<std::pair<std::string, double>>;

/// Where a training run stands.
struct TrainingState {
  int64_t epoch = 0;
  int64_t position = 0;
  int64_t seed = 0;
  int64_t batch = 0;
  int64_t rows = 0;
  int64_t rowsHash = 0;
  std::optional<double> learningRate;
  std::vector<double> classWeights;
  Averages averages;
  std::vector<EpochRecord> history;
  /// The parameters of the best epoch, counted from 0, where training is to end with them. Once it has, the session
  /// holds them, and these are the ones that it had before.
  ParameterCopy kept;
  int64_t bestEpoch = 0;
  bool restored = false;
};

void saveCheckpoint(const std::string &path, const Session &session, const TrainingState &state,
                    const Encoding &encoding);

/// A checkpoint that has been read, but whose variables are not yet in a session.
struct Checkpoint {
  std::string path;
  Safetensors contents; // without the tensors kept aside
  TrainingState state;  // its `kept` is empty: loadKept reads it
  Encoding encoding;
  std::map<std::string, StoredTensor> kept; // by the name of the parameter
};

Checkpoint readCheckpoint(const std::string &path);
/// The same for a file already read; `path` is for messages.
Checkpoint parseCheckpoint(Safetensors contents, const std::string &path);

enum class LoadKind {
  parameters, // what evaluation, prediction and a fresh run need; slots and counters are passed over
  everything, // what a resumed run needs: slots and counters too, just those of the program
};

/// Copies variables into the session. Throws an Error that names the first one that is missing, has another type,
/// holds what no training leaves (a value that is not finite, a negative count) or is a parameter that the program has
/// not, and changes nothing then.
void loadVariables(const Checkpoint &checkpoint, Session &session, LoadKind kind);

/// For a resumed run, whose variables are loaded: sets `state.kept` to the parameters of the best epoch, and the
/// session's to those that training goes on from. Nothing where the file keeps none. Throws as loadVariables does.
void loadKept(const Checkpoint &checkpoint, Session &session, TrainingState &state);

} // namespace nnc
