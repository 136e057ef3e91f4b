// One number of each epoch, followed over a training run.
#include "train/Monitor.h"
#include <cmath>

namespace nnc {

std::optional<double> findNumber(const EpochRecord &record, const std::string &name) {
  for (const auto &[key, value] : record)
    if (key == name)
      return value;
  return std::nullopt;
}

Monitor::Monitor(const MonitorOptions &options, std::span<const EpochRecord> history) : options(options) {
  for (const EpochRecord &record : history)
    add(record);
}

bool Monitor::isBetter(double value, const std::optional<Best> &other, double by) const {
  if (!std::isfinite(value))
    return false;
  if (!other)
    return true;
  return options.largerIsBetter ? value - by > other->value : value + by < other->value;
}

void Monitor::add(const EpochRecord &record) {
  int64_t epoch = epochs++;
  std::optional<double> value = findNumber(record, options.name);
  if (!value)
    return;
  if (isBetter(*value, bestSoFar, 0))
    bestSoFar = {*value, epoch};
  if (isBetter(*value, improvement, options.minDelta)) {
    improvement = {*value, epoch};
    waited = 0;
  } else {
    ++waited;
  }
}

} // namespace nnc
