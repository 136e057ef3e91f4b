// Means of a program's loss and metrics over the samples of many steps.
#include "train/Averages.h"

namespace nnc {

Averages::Averages(const nnc_entry &entry) {
  forEachResult(entry, [&](const nnc_output &output) { totals.emplace_back(output.tensor.name, 0.0); });
}

bool Averages::fits(const nnc_entry &entry) const {
  size_t index = 0;
  bool same = true;
  forEachResult(entry, [&](const nnc_output &output) {
    same = same && index < totals.size() && totals[index].first == output.tensor.name;
    ++index;
  });
  return same && index == totals.size();
}

void Averages::add(const Session &session, const nnc_entry &entry, int64_t samples) {
  size_t index = 0;
  forEachResult(entry, [&](const nnc_output &output) {
    totals[index++].second += session.readScalar(output.tensor) * static_cast<double>(samples);
  });
  count += samples;
}

} // namespace nnc
