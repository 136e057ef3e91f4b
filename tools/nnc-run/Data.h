// The data of a run: which files are its training and validation rows, and how text in them becomes numbers.
#pragma once
#include "Options.h"
#include "data/Source.h"
#include "train/Trainer.h"
#include <memory>

namespace nnc::run {

/// Rows to train on, to validate on and to test on, which may lie in one dataset.
struct TrainingData {
  Encoding encoding;
  std::vector<std::unique_ptr<Dataset>> datasets;
  Rows training, validation, test;
};

/// Reads --data, --validation and --test. `known` is the encoding of a checkpoint that is gone on from; without one the
/// training rows make it, but for what `begun` has: the vocabulary and class names that start weights were made for.
TrainingData loadTrainingData(const Options &options, const std::vector<nnc_input> &inputs, const Encoding *known,
                              const Encoding *begun);

/// The file or directory that --data means for evaluation and prediction: of a directory with splits the one that
/// --split names, else the test split.
std::string chooseSplit(const Options &options);

/// The rows of that file to evaluate on: where --validation or --test cut it, those of the part that --split names,
/// else of the test part, or of the validation part where there is no --test; otherwise all. Throws an Error where the
/// training rows that are left then are not those of the checkpoint.
Rows chooseRows(const Options &options, const Source &source, const std::vector<nnc_input> &inputs, const Dataset &data,
                const Checkpoint &checkpoint);

/// The file or directory that training rows come from.
std::string trainingPath(const Options &options);

/// With --stratify the classes of the rows of `source`, by the input that --label names, else by the only one that has
/// one whole number a row.
std::optional<RowClasses> stratifiedClasses(const Options &options, const Source &source,
                                            const std::vector<nnc_input> &inputs);

/// The names of the classes of an input, as a checkpoint holds them; numbers for those that it does not name.
std::vector<std::string> classNames(const Encoding &encoding, const std::string &input, int64_t classes);

/// All rows of a dataset.
Rows allRows(const Dataset &data);

} // namespace nnc::run
