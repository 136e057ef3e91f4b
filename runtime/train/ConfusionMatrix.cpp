// Which classes were taken for which, and the scores that follow from it.
#include "train/ConfusionMatrix.h"
#include "core/Error.h"
#include <numeric>

namespace nnc {
namespace {

double ratio(int64_t part, int64_t whole) { return whole ? static_cast<double>(part) / static_cast<double>(whole) : 0; }

struct NamedScore {
  const char *name;
  Scores (ConfusionMatrix::*mean)() const;
  double Scores::*score;
};
constexpr NamedScore kScores[] = {
    {"macro_f1", &ConfusionMatrix::macro, &Scores::f1},
    {"macro_precision", &ConfusionMatrix::macro, &Scores::precision},
    {"macro_recall", &ConfusionMatrix::macro, &Scores::recall},
    {"weighted_f1", &ConfusionMatrix::weighted, &Scores::f1},
    {"weighted_precision", &ConfusionMatrix::weighted, &Scores::precision},
    {"weighted_recall", &ConfusionMatrix::weighted, &Scores::recall},
};

/// Σ weight(c) · scores(c) / Σ weight(c).
template <typename Weight> Scores meanScores(const ConfusionMatrix &matrix, Weight weight) {
  Scores sums;
  int64_t total = 0;
  for (int64_t c = 0; c < matrix.classes(); ++c) {
    Scores own = matrix.scores(c);
    auto share = static_cast<double>(weight(c));
    sums.precision += share * own.precision;
    sums.recall += share * own.recall;
    sums.f1 += share * own.f1;
    total += weight(c);
  }
  auto whole = static_cast<double>(total);
  return total ? Scores{sums.precision / whole, sums.recall / whole, sums.f1 / whole} : Scores();
}

} // namespace

int64_t ConfusionMatrix::support(int64_t trueClass) const {
  auto row = counts.begin() + trueClass * size;
  return std::accumulate(row, row + size, int64_t(0));
}

int64_t ConfusionMatrix::predicted(int64_t predictedClass) const {
  int64_t sum = 0;
  for (int64_t c = 0; c < size; ++c)
    sum += count(c, predictedClass);
  return sum;
}

int64_t ConfusionMatrix::samples() const { return std::accumulate(counts.begin(), counts.end(), int64_t(0)); }

double ConfusionMatrix::accuracy() const {
  int64_t right = 0;
  for (int64_t c = 0; c < size; ++c)
    right += count(c, c);
  return ratio(right, samples());
}

Scores ConfusionMatrix::scores(int64_t ofClass) const {
  int64_t right = count(ofClass, ofClass), taken = predicted(ofClass), there = support(ofClass);
  return {ratio(right, taken), ratio(right, there), ratio(2 * right, taken + there)};
}

Scores ConfusionMatrix::macro() const {
  return meanScores(*this, [](int64_t) { return int64_t(1); });
}

Scores ConfusionMatrix::weighted() const {
  return meanScores(*this, [&](int64_t c) { return support(c); });
}

std::vector<std::string> scoreNames() {
  std::vector<std::string> names;
  for (const NamedScore &score : kScores)
    names.emplace_back(score.name);
  return names;
}

double scoreNamed(const ConfusionMatrix &matrix, std::string_view name) {
  for (const NamedScore &score : kScores)
    if (name == score.name)
      return (matrix.*score.mean)().*score.score;
  fail("there is no score '", name, "'");
}

} // namespace nnc
