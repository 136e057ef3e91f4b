// One number of each epoch, followed over a training run: where it was best, and when it has stopped to improve. As
// Keras' EarlyStopping and ModelCheckpoint do it.
#pragma once
#include "checkpoint/Checkpoint.h"
#include <optional>
#include <span>
#include <string>

namespace nnc {

struct MonitorOptions {
  /// In the epochs' records, such as val_loss; empty: nothing is followed.
  std::string name;
  bool largerIsBetter = false;
  /// Training ends after the `patience`-th epoch in a row that has not improved on the last one that has, by more than
  /// `minDelta`; the first does where patience is 0.
  bool stops = false;
  int64_t patience = 0;
  double minDelta = 0;
  /// When training ends, the parameters are those of the last epoch that has improved.
  bool restores = false;
};

/// All that it knows follows from the epochs' records. So a resumed run, which has them from its checkpoint, knows what
/// it would know without the interruption.
class Monitor {
public:
  struct Best {
    double value;
    int64_t epoch; // counted from 0
  };

  /// After the epochs done so far.
  Monitor(const MonitorOptions &options, std::span<const EpochRecord> history);

  /// After one epoch more. A record without the number, or with one that is not finite, is no improvement; without the
  /// number it is not waited for either.
  void add(const EpochRecord &record);

  /// The best value of all, the first of equal ones.
  const std::optional<Best> &best() const { return bestSoFar; }
  /// What the next epoch has to improve on by more than `minDelta`.
  const std::optional<Best> &reference() const { return improvement; }
  /// Whether the last epoch is one of these.
  bool isBest() const { return isLast(bestSoFar); }
  bool hasImproved() const { return isLast(improvement); }
  /// Whether training ends here.
  bool shouldStop() const { return options.stops && waited > 0 && waited >= options.patience; }

private:
  bool isLast(const std::optional<Best> &value) const { return value && value->epoch == epochs - 1; }
  bool isBetter(double value, const std::optional<Best> &other, double by) const;

  MonitorOptions options;
  std::optional<Best> bestSoFar, improvement;
  int64_t epochs = 0, waited = 0;
};

/// The number of that name; nothing where the record has none.
std::optional<double> findNumber(const EpochRecord &record, const std::string &name);

} // namespace nnc
