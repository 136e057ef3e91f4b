// --assert-plan: the entry points of a command are rehearsed before its work starts.
#pragma once
#include "Options.h"
#include "train/Trainer.h"
#include <functional>
#include <string>
#include <vector>

namespace nnc::run {

/// What a command is about to do.
struct Intention {
  /// An entry and the rows that it will run on, the first batch of them first; none for init.
  struct Use {
    const nnc_entry *entry;
    Rows rows;
  };

  std::shared_ptr<const nnc_program> program;
  int threads = 0; // 0: as many as there are processors
  int64_t seed = 0;
  std::optional<double> learningRate;
  /// Sets what entries other than init start from.
  std::function<void(Session &)> setVariables;
  std::vector<Use> uses;
};

/// Rehearses each use (core/Rehearsal.h) on its first batch, in a child process, so that no access outside the arena
/// harms this one. Returns a sentence on what was touched, or throws an Error with the difference from the plan. To be
/// called before any thread is started.
std::string assertPlan(const Intention &intention);

/// The same for a command that runs `entry` on `data` with the parameters of a checkpoint; standard error gets the
/// sentence.
void assertPlan(const Options &options, const std::shared_ptr<const nnc_program> &program, const Checkpoint &checkpoint,
                const nnc_entry &entry, const Dataset &data);

} // namespace nnc::run
