// The numbers of each epoch as a CSV file.
#pragma once
#include "checkpoint/Checkpoint.h"
#include <string>
#include <vector>

namespace nnc::run {

/// Writes epoch, loss, metrics, their validation forms, seconds and samples/s, one row an epoch; the whole file anew
/// after each epoch, so that it is complete at any time. The columns are those of any row; where a row lacks a number,
/// as after a change of --validation, its field is empty. Resumed, it goes on after the rows of the epochs done; these
/// come from the checkpoint, their times from the file, where it has the same numbers.
class History {
public:
  History() = default;
  History(std::string path, const TrainingState &state);

  void add(int64_t epoch, const EpochRecord &record, double seconds, double samplesPerSecond);

private:
  void readTimes();
  void write() const;

  struct Row {
    EpochRecord record;
    std::string times = ",";
  };
  std::string path;
  std::vector<Row> rows; // one an epoch
};

} // namespace nnc::run
