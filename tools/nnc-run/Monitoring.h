// --monitor and what goes with it: which number of the epochs training follows.
#pragma once
#include "Options.h"
#include "train/Classifier.h"
#include "train/Monitor.h"

namespace nnc::run {

/// Whether --monitor names a score of classes, which takes the predict entry besides the step's.
bool monitorsClasses(const Options &options);

/// What training follows. Without --monitor it is val_loss, or loss where nothing depends on it and there are no
/// validation rows. Throws an Error that lists the numbers that an epoch has where it does not have that one.
MonitorOptions chooseMonitor(const Options &options, const nnc_entry &trainEntry, const nnc_entry *evaluateEntry,
                             bool hasValidation);

/// Adds the score of classes that `monitor` follows to records of epochs.
std::function<void(EpochRecord &)> scoreAdder(const MonitorOptions &monitor, const Classifier &classifier,
                                              Session &session, const Rows &validation);

/// For a run that is gone on from: makes sure that the parameters of its best epoch are there where it is to end with
/// them.
void checkKept(const MonitorOptions &options, const Session &session, TrainingState &state,
               const std::string &checkpoint);

} // namespace nnc::run
