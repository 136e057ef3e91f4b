// How well a model tells each class: what `evaluate --report` prints.
#pragma once
#include "train/Averages.h"
#include "train/ConfusionMatrix.h"
#include <string>
#include <vector>

namespace nnc::run {

/// A table of the classes and their means as scikit-learn's classification_report prints it, and the confusion matrix.
std::string reportText(const ConfusionMatrix &matrix, const std::vector<std::string> &names);

/// One object with the number of rows, loss and metrics, scores and counts.
std::string reportJson(const ConfusionMatrix &matrix, const std::vector<std::string> &names, const Averages &means);

/// A row a class: its scores, its samples, and how many of these were taken for each class.
std::string reportCsv(const ConfusionMatrix &matrix, const std::vector<std::string> &names);

} // namespace nnc::run
