// The data of a run: which files are its training and validation rows, and how text in them becomes numbers.
#pragma once
#include "Options.h"
#include "data/Source.h"
#include "train/Trainer.h"
#include <memory>

namespace nnc::run {

/// Rows to train on and rows to validate on, which may lie in one dataset.
struct TrainingData {
  Encoding encoding;
  std::vector<std::unique_ptr<Dataset>> datasets;
  Rows training, validation;
};

/// Reads --data and --validation. `known` is the encoding of a checkpoint that is gone on from; without one the
/// training rows make it.
TrainingData loadTrainingData(const Options &options, const std::vector<nnc_input> &inputs, const Encoding *known);

/// The file or directory that --data means for evaluation and prediction: of a directory with splits the one that
/// --split names, else the test split.
std::string chooseSplit(const Options &options);

/// All rows of a dataset.
Rows allRows(const Dataset &data);

} // namespace nnc::run
