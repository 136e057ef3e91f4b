// The numbers of each epoch as a CSV file.
#pragma once
#include "checkpoint/Checkpoint.h"
#include <string>
#include <vector>

namespace nnc::run {

/// Writes epoch, loss, metrics, their validation forms, seconds and samples/s, one row an epoch; the whole file anew
/// after each epoch, so that it is complete at any time. Resumed, it goes on after the rows of the epochs done; epochs
/// that the file does not have come from the checkpoint, their times empty.
class History {
public:
  History() = default;
  History(std::string path, const TrainingState &state);

  void add(int64_t epoch, const EpochRecord &record, double seconds, double samplesPerSecond);

private:
  void readExisting(int64_t epochs);
  void write() const;

  std::string path, header;
  std::vector<std::string> lines; // one an epoch
};

} // namespace nnc::run
