// --monitor and what goes with it.
#include "Monitoring.h"
#include "core/Error.h"
#include <algorithm>

namespace nnc::run {
namespace {

constexpr std::string_view kValidation = "val_";

/// Whether a number of an epoch is a score of classes on the validation rows.
bool isClassScore(std::string_view name) {
  std::vector<std::string> scores = scoreNames();
  return name.starts_with(kValidation) &&
         std::find(scores.begin(), scores.end(), name.substr(kValidation.size())) != scores.end();
}

/// Whether more of a number of an epoch is better; nothing where that is not known.
std::optional<bool> isMoreBetter(const nnc_entry &entry, std::string_view name) {
  for (const nnc_output &output : outputsOf(entry))
    if (name == output.tensor.name && (output.role == NNC_LOSS || output.role == NNC_ERROR))
      return false;
    else if (name == output.tensor.name && output.role == NNC_METRIC)
      return std::nullopt;
  return true;
}

std::string joined(const std::vector<std::string> &names) {
  std::string text;
  for (const std::string &name : names)
    text += concat(text.empty() ? "" : ", ", name);
  return text;
}

} // namespace

bool monitorsClasses(const Options &options) { return isClassScore(options.monitor); }

MonitorOptions chooseMonitor(const Options &options, const nnc_entry &trainEntry, const nnc_entry *evaluateEntry,
                             bool hasValidation) {
  bool matters = options.earlyStopping || !options.saveBest.empty() || !options.monitor.empty();
  MonitorOptions monitor;
  monitor.name = !options.monitor.empty() ? options.monitor : matters || hasValidation ? "val_loss" : "loss";
  monitor.stops = options.earlyStopping;
  monitor.patience = options.patience;
  monitor.minDelta = options.minDelta;
  monitor.restores = options.restoreBest;

  std::vector<std::string> names;
  Averages training(trainEntry);
  for (size_t i = 0; i < training.size(); ++i)
    names.push_back(training.name(i));
  Averages validation = hasValidation ? Averages(*evaluateEntry) : Averages();
  for (size_t i = 0; i < validation.size(); ++i)
    names.push_back(concat(kValidation, validation.name(i)));
  bool exists = std::find(names.begin(), names.end(), monitor.name) != names.end();
  if (!exists && !(hasValidation && isClassScore(monitor.name))) {
    std::string scores;
    for (const std::string &score : hasValidation ? scoreNames() : std::vector<std::string>())
      scores += concat(", ", kValidation, score);
    fail("--monitor ", monitor.name, ": an epoch has no such number, but ", joined(names),
         scores.empty() ? "" : concat("; a classifier's also", scores.substr(1)),
         hasValidation ? "" : "; there are no validation rows: --validation 0.1 would keep some of the training rows");
  }
  std::string_view plain = monitor.name;
  if (plain.starts_with(kValidation))
    plain.remove_prefix(kValidation.size());
  std::optional<bool> isMore = isMoreBetter(trainEntry, plain);
  if (options.monitorMode.empty() && !isMore)
    fail("--monitor ", monitor.name,
         ": no op of the step says whether less or more of it is better: --monitor-mode min "
         "or max does");
  monitor.largerIsBetter = options.monitorMode.empty() ? *isMore : options.monitorMode == "max";
  return monitor;
}

std::function<void(EpochRecord &)> scoreAdder(const MonitorOptions &monitor, const Classifier &classifier,
                                              Session &session, const Rows &validation) {
  return [=, &classifier, &session, &validation](EpochRecord &record) {
    if (!findNumber(record, monitor.name))
      record.emplace_back(monitor.name, scoreNamed(classifier.count(session, validation),
                                                   std::string_view(monitor.name).substr(kValidation.size())));
  };
}

void checkKept(const MonitorOptions &options, const Session &session, TrainingState &state,
               const std::string &checkpoint) {
  if (!options.restores) {
    state.kept.clear();
    return;
  }
  std::optional<Monitor::Best> best = Monitor(options, state.history).reference();
  if (!best || (!state.kept.empty() && state.bestEpoch == best->epoch))
    return;
  if (best->epoch != state.epoch - 1 || state.position != 0)
    fail("--restore-best: ", checkpoint, " does not hold the parameters of epoch ", best->epoch + 1, ", whose ",
         options.name, " was the best so far: it was trained without --restore-best, or with another --monitor");
  state.kept.take(session);
  state.bestEpoch = best->epoch;
}

} // namespace nnc::run
