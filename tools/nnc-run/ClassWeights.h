// --class-weight: what the loss of a sample is multiplied by, by its class.
#pragma once
#include "Options.h"
#include "data/Source.h"
#include "train/Trainer.h"

namespace nnc::run {

/// The weights that --class-weight gives the classes of a train entry, one a class; those that it does not name have 1,
/// as in Keras. Throws an Error where the entry takes none, where several inputs could hold the classes, or where it
/// names a class that there is not.
///
///   balanced          n / (k · n_c) for the class c of n_c of the n training rows, of k classes that have any
///                     (scikit-learn's); 1 for the others
///   NAME=W,NAME=W     names as the data have them, else class numbers; weights of at least 0
///   FILE              a JSON object of the same
std::vector<double> readClassWeights(const Options &options, const nnc_entry &trainEntry, const Rows &training,
                                     const Encoding &encoding);

} // namespace nnc::run
