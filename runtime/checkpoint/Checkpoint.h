// Checkpoints: a session's variables and where its training stands, in one safetensors file.
//
// Tensors have the names of the variables: parameters, optimiser slots and the step counter. The metadata hold
//   nnc.format         1
//   nnc.program        name of the model file
//   nnc.epoch          epochs completed
//   nnc.position       steps done in the epoch after these
//   nnc.seed, nnc.batch, nnc.rows, nnc.learning_rate   what a resumed run must use again (rows: training rows)
//   nnc.averages       JSON: sums of loss and metrics over the unfinished epoch
//   nnc.history        JSON: one object an epoch
//   nnc.words          JSON: the vocabulary from number 2 on
//   nnc.classes        JSON: class names by input
// Nothing in it depends on the time, the machine or the number of threads: equal training gives equal bytes.
#pragma once
#include "checkpoint/Safetensors.h"
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
  std::optional<double> learningRate;
  Averages averages;
  std::vector<EpochRecord> history;
};

void saveCheckpoint(const std::string &path, const Session &session, const TrainingState &state,
                    const Encoding &encoding);

/// A checkpoint that has been read, but whose variables are not yet in a session.
struct Checkpoint {
  std::string path;
  Safetensors contents;
  TrainingState state;
  Encoding encoding;
};

Checkpoint readCheckpoint(const std::string &path);
/// The same for a file already read; `path` is for messages.
Checkpoint parseCheckpoint(Safetensors contents, const std::string &path);

enum class LoadKind {
  parameters, // what evaluation and prediction need
  everything, // what a resumed run needs: slots and counters too, and nothing else in the file
};

/// Copies variables into the session. Throws an Error that names the first one that is missing, has another type or
/// holds what no training leaves (a value that is not finite, a negative count), and changes nothing then.
void loadVariables(const Checkpoint &checkpoint, Session &session, LoadKind kind);

} // namespace nnc
