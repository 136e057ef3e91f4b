// Which classes were taken for which, and the scores that follow from it: the formulas of scikit-learn's
// classification_report, with 0 wherever there is nothing to divide by (its zero_division=0).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// Precision, recall and F1 of a class, or a mean of these over classes.
struct Scores {
  double precision = 0; // of the samples taken for the class, the share that is of it
  double recall = 0;    // of the samples of the class, the share taken for it
  double f1 = 0;        // 2 · right / (samples of the class + samples taken for it)
};

/// Counts of samples by their true class (row) and the predicted one (column).
class ConfusionMatrix {
public:
  explicit ConfusionMatrix(int64_t classes) : size(classes), counts(classes * classes) {}

  void add(int64_t trueClass, int64_t predictedClass) { ++counts[trueClass * size + predictedClass]; }

  int64_t classes() const { return size; }
  int64_t count(int64_t trueClass, int64_t predictedClass) const { return counts[trueClass * size + predictedClass]; }
  /// Samples of a class, those taken for it, and all.
  int64_t support(int64_t trueClass) const;
  int64_t predicted(int64_t predictedClass) const;
  int64_t samples() const;

  /// The share of samples taken for what they are. So are precision, recall and F1 over all classes together (micro).
  double accuracy() const;
  Scores scores(int64_t ofClass) const;
  /// Means over all classes, those without samples too; each counts alike, or as much as it has samples.
  Scores macro() const;
  Scores weighted() const;

private:
  int64_t size;
  std::vector<int64_t> counts;
};

/// The numbers of a confusion matrix by name: macro_f1, macro_precision, macro_recall, weighted_f1,
/// weighted_precision, weighted_recall.
std::vector<std::string> scoreNames();
double scoreNamed(const ConfusionMatrix &matrix, std::string_view name);

} // namespace nnc
