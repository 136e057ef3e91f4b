// Which rows of one file are for training, for validation, for testing, and for each part of a cross-validation.
#include "data/Partition.h"
#include "core/Error.h"
#include "data/Shuffle.h"
#include <algorithm>
#include <cmath>
#include <numeric>

namespace nnc {
namespace {

std::vector<int64_t> permutation(int64_t rows) {
  std::vector<int64_t> order(rows);
  shuffleRows(0, UINT64_MAX, order);
  return order;
}

/// The rows of each class in the order of the permutation; all in one where there are no classes.
std::vector<std::vector<int64_t>> groupRows(int64_t rows, const RowClasses *classes) {
  std::vector<std::vector<int64_t>> groups(classes ? classes->names.size() : 1);
  for (int64_t row : permutation(rows))
    groups[classes ? classes->ofRow[row] : 0].push_back(row);
  return groups;
}

/// How many of `total` rows each group gives, of as many as it has.
std::vector<int64_t> allot(const std::vector<std::vector<int64_t>> &groups, int64_t total) {
  int64_t rows = 0, given = 0;
  for (const auto &group : groups)
    rows += static_cast<int64_t>(group.size());
  std::vector<int64_t> counts, rests, order(groups.size());
  for (const auto &group : groups) {
    int64_t share = static_cast<int64_t>(group.size()) * total;
    counts.push_back(share / rows);
    rests.push_back(share % rows);
    given += counts.back();
  }
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](int64_t a, int64_t b) { return rests[a] != rests[b] ? rests[a] > rests[b] : a < b; });
  for (int64_t i = 0; given < total; ++i, ++given)
    ++counts[order[i]];
  return counts;
}

/// Takes the first rows of each group.
std::vector<int64_t> take(std::vector<std::vector<int64_t>> &groups, int64_t total) {
  std::vector<int64_t> counts = allot(groups, total), taken;
  for (size_t i = 0; i < groups.size(); ++i) {
    auto end = groups[i].begin() + counts[i];
    taken.insert(taken.end(), groups[i].begin(), end);
    groups[i].erase(groups[i].begin(), end);
  }
  std::sort(taken.begin(), taken.end());
  return taken;
}

int64_t countOf(double fraction, int64_t rows) {
  return static_cast<int64_t>(std::llround(fraction * static_cast<double>(rows)));
}

} // namespace

Partition partitionRows(int64_t rows, double validation, double test, const RowClasses *classes) {
  int64_t validationRows = countOf(validation, rows), testRows = countOf(test, rows);
  int64_t trainingRows = rows - validationRows - testRows;
  auto describe = [&] {
    return concat(validation > 0 ? concat("--validation ", validation) : "", validation > 0 && test > 0 ? " and " : "",
                  test > 0 ? concat("--test ", test) : "", " of ", rows, " rows leaves ",
                  validation > 0 ? concat(validationRows, " for validation", test > 0 ? ", " : " and ") : "",
                  test > 0 ? concat(testRows, " for testing and ") : "", std::max<int64_t>(trainingRows, 0),
                  " for training");
  };
  if (validation + test > 1)
    fail("--validation ", validation, " and --test ", test, " are more than all rows");
  if ((validation > 0 && validationRows < 1) || (test > 0 && testRows < 1) || trainingRows < 1)
    fail(describe());
  std::vector<std::vector<int64_t>> groups = groupRows(rows, classes);
  Partition partition;
  partition.validation = take(groups, validationRows);
  partition.test = take(groups, testRows);
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].empty())
      fail("--stratify: of the class '", classes->names[i], "' no row would be left for training: ",
           std::count(classes->ofRow.begin(), classes->ofRow.end(), static_cast<int64_t>(i)),
           " are too few to be shared out");
    partition.training.insert(partition.training.end(), groups[i].begin(), groups[i].end());
  }
  // In the file's order again: the order of training comes from the seed.
  std::sort(partition.training.begin(), partition.training.end());
  return partition;
}

std::vector<std::vector<int64_t>> foldRows(int64_t rows, int64_t folds, const RowClasses *classes) {
  if (folds > rows)
    fail("--folds ", folds, ": there are ", rows, " rows, and each fold leaves one out at least");
  std::vector<std::vector<int64_t>> parts(folds);
  std::vector<std::vector<int64_t>> groups = groupRows(rows, classes);
  int64_t next = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (classes && groups[i].size() < 2)
      fail("--stratify: the class '", classes->names[i],
           "' has one row only: without it, training would not know the class");
    for (int64_t row : groups[i])
      parts[next++ % folds].push_back(row);
  }
  for (std::vector<int64_t> &part : parts)
    std::sort(part.begin(), part.end());
  return parts;
}

std::vector<int64_t> otherRows(int64_t rows, const std::vector<int64_t> &left) {
  std::vector<int64_t> others;
  auto next = left.begin();
  for (int64_t row = 0; row < rows; ++row) {
    if (next != left.end() && *next == row)
      ++next;
    else
      others.push_back(row);
  }
  return others;
}

int64_t fingerprint(std::span<const int64_t> rows) {
  uint64_t hash = 0;
  bool all = true;
  for (size_t i = 0; i < rows.size(); ++i) {
    all = all && rows[i] == static_cast<int64_t>(i);
    hash = philox(static_cast<uint64_t>(rows[i]), i, hash);
  }
  return all ? 0 : static_cast<int64_t>(hash);
}

} // namespace nnc
