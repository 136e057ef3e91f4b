// Means of a program's loss and metrics over the samples of many steps.
#pragma once
#include "core/Session.h"
#include <string>
#include <utility>
#include <vector>

namespace nnc {

class Averages {
public:
  Averages() = default;
  Averages(int64_t samples, std::vector<std::pair<std::string, double>> sums)
      : count(samples), totals(std::move(sums)) {}

  /// Empty sums for an entry's loss and metrics; the loss comes first.
  explicit Averages(const nnc_entry &entry);
  /// Whether these are sums of that entry's outputs.
  bool fits(const nnc_entry &entry) const;

  /// Adds what the entry's last run left in the arena, for its `samples` valid samples. Allocates nothing.
  void add(const Session &session, const nnc_entry &entry, int64_t samples);

  int64_t samples() const { return count; }
  const std::vector<std::pair<std::string, double>> &sums() const { return totals; }
  size_t size() const { return totals.size(); }
  const std::string &name(size_t i) const { return totals[i].first; }
  double mean(size_t i) const { return count ? totals[i].second / static_cast<double>(count) : 0; }

private:
  int64_t count = 0;
  std::vector<std::pair<std::string, double>> totals;
};

} // namespace nnc
