// What a training run shows on standard error while it goes.
#pragma once
#include "Options.h"
#include "train/Trainer.h"
#include <memory>

namespace nnc::run {

/// How a training run ended that was not interrupted.
struct RunEnd {
  std::string monitor;                    // what was followed
  std::optional<Monitor::Best> best;      // its best value
  std::optional<Monitor::Best> reference; // what no epoch has improved on since
  bool stopped = false;                   // early
  double minDelta = 0;
  std::optional<int64_t> restored; // the epoch, counted from 0, whose parameters are the run's result
  int64_t epochs = 0;              // done in all
  double seconds = 0;              // of this process
};

/// Opens training's reports: a bar that moves on a terminal, plain lines, JSON objects one a line, or nothing. With
/// `automatic`, a terminal gets the bar and everything else plain lines. Reports of steps are written at most ten times
/// a second for the bar and once in some seconds for lines, from a buffer of fixed size.
class Progress : public TrainObserver {
public:
  /// Before the first step: what is trained on what.
  virtual void onStart(const std::string &model, int64_t rows, int64_t validationRows, int64_t parameters,
                       const Session &session) {}
  virtual void onEnd(const RunEnd &end) {}
  /// A sentence for the user.
  virtual void note(const std::string &text) {}
};

std::unique_ptr<Progress> makeProgress(ProgressMode mode);

} // namespace nnc::run
