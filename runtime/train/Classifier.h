// A step seen as a classifier: which of its data is the true class, and which model predicts it.
//
// Any model file's will do: classes are counted from what the predict entry gives and from the labels of the data, so
// that no step has to say anything for it.
#pragma once
#include "train/ConfusionMatrix.h"
#include "train/Trainer.h"

namespace nnc {

class Classifier {
public:
  /// Finds in the program of `step` a model with a result [batch, ..., classes] whose inputs are data of the step, and
  /// among the rest of that data the classes: integers [batch, ...] in the range of the classes, or one distribution a
  /// result row. A model's input is the data of its name, else the only one of its type. `model` and `label` choose
  /// where several would do; else they are empty. Throws an Error that says what there is where there is not one.
  Classifier(const nnc_program &program, const nnc_entry &step, const std::string &model, const std::string &label);

  int64_t classes() const;
  /// The name of the input that holds the true classes.
  const char *label() const { return labels->tensor.name; }
  const nnc_entry &entry() const { return *predictEntry; }

  /// Predicts for the rows and counts what the largest number of each result row (the first of equal ones) says beside
  /// the true class.
  ConfusionMatrix count(Session &session, const Rows &rows) const;

private:
  const nnc_entry *predictEntry = nullptr;
  const nnc_output *result = nullptr;
  const nnc_input *labels = nullptr;
  /// For each data input of the predict entry the name of the step's.
  std::vector<std::pair<std::string, std::string>> columns;
};

} // namespace nnc
