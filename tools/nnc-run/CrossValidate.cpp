// nnc-run cross-validate: a training for each part of the rows, without it, and measured on it.
#include "Compile.h"
#include "Data.h"
#include "Files.h"
#include "Interrupts.h"
#include "Options.h"
#include "Progress.h"
#include "core/Error.h"
#include <cmath>
#include <csignal>
#include <cstdio>

namespace nnc::run {
namespace {

class Observer : public TrainObserver {
public:
  explicit Observer(Progress &progress) : progress(progress) {}
  void onStep(const StepReport &report) override { progress.onStep(report); }
  void onEpoch(const EpochReport &report) override { progress.onEpoch(report); }
  bool shouldStop() override { return caughtSignal() != 0; }

private:
  Progress &progress;
};

/// Mean and standard deviation of one of the results; of these folds, not of what they are drawn from (numpy's std).
std::pair<double, double> meanAndDeviation(const std::vector<Averages> &folds, size_t result) {
  double sum = 0, squares = 0;
  for (const Averages &fold : folds)
    sum += fold.mean(result);
  double mean = sum / static_cast<double>(folds.size());
  for (const Averages &fold : folds)
    squares += (fold.mean(result) - mean) * (fold.mean(result) - mean);
  return {mean, std::sqrt(squares / static_cast<double>(folds.size()))};
}

/// The encodings that each fold's training rows make. All data is read with each, so that what one of them lacks is
/// known before the first one is trained.
std::vector<Encoding> fitFolds(const Source &source, const std::vector<std::vector<int64_t>> &parts,
                               bool isStratified) {
  std::vector<Encoding> encodings;
  for (size_t fold = 0; fold < parts.size(); ++fold)
    try {
      encodings.push_back(source.fit(otherRows(source.rows(), parts[fold])));
      source.encode(encodings.back());
    } catch (const Error &error) {
      fail("fold ", fold + 1, " of ", parts.size(), ": ", error.what(),
           isStratified ? "" : "; with --stratify each fold has rows of every class");
    }
  return encodings;
}

constexpr int kCellWidth = 12;

/// A line of a table: a name, a number of rows or nothing, numbers.
template <typename Number>
void printLine(const std::string &name, const std::string &rows, size_t count, Number number) {
  std::printf("%-5s%8s", name.c_str(), rows.c_str());
  for (size_t i = 0; i < count; ++i)
    std::printf("  %*.6f", kCellWidth, number(i));
  std::printf("\n");
}

void printTable(const std::vector<Averages> &folds) {
  const Averages &first = folds.front();
  std::printf("%-5s%8s", "fold", "rows");
  for (size_t i = 0; i < first.size(); ++i)
    std::printf("  %*s", kCellWidth, first.name(i).c_str());
  std::printf("\n");
  for (size_t fold = 0; fold < folds.size(); ++fold)
    printLine(std::to_string(fold + 1), std::to_string(folds[fold].samples()), first.size(),
              [&](size_t i) { return folds[fold].mean(i); });
  printLine("mean", "", first.size(), [&](size_t i) { return meanAndDeviation(folds, i).first; });
  printLine("std", "", first.size(), [&](size_t i) { return meanAndDeviation(folds, i).second; });
}

} // namespace

int crossValidate(const Options &options) {
  // Progress that nobody reads any more must not end the training.
  std::signal(SIGPIPE, SIG_IGN);
  auto program = openCompiled(options, "init,train,evaluate", options.batch.value_or(kDefaultBatch));
  const nnc_entry &trainEntry = requireEntry(*program, NNC_TRAIN, options.symbol, "--step");
  const nnc_entry &evaluateEntry = requireEntry(*program, NNC_EVALUATE, trainEntry.symbol);
  if (options.batch && trainEntry.batch != *options.batch)
    fail(options.model, ": was compiled for batches of ", trainEntry.batch, ", not ", *options.batch);

  // One program and its memory for all folds; each sets every variable anew.
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);

  const nnc_entry *entries[] = {&trainEntry, &evaluateEntry};
  std::vector<nnc_input> inputs = dataInputs(entries);
  Source source(trainingPath(options), inputs);
  std::optional<RowClasses> classes = stratifiedClasses(options, source, inputs);
  std::vector<std::vector<int64_t>> parts = foldRows(source.rows(), options.folds, classes ? &*classes : nullptr);

  // Words and classes are those of a fold's training rows alone.
  std::vector<Encoding> encodings = fitFolds(source, parts, options.stratify);

  std::unique_ptr<Progress> progress = makeProgress(options.progress);
  Observer observer(*progress);
  if (const std::string &note = session.libraryNote(); !note.empty())
    progress->note(note);
  catchInterrupts();
  std::vector<Averages> results;
  for (const std::vector<int64_t> &part : parts) {
    std::vector<int64_t> rest = otherRows(source.rows(), part);
    progress->note(concat("fold ", results.size() + 1, " of ", parts.size(), ": ", rest.size(), " training rows, ",
                          part.size(), " left out"));
    const Encoding &encoding = encodings[results.size()];
    Dataset data = source.encode(encoding);
    TrainingState state;
    state.seed = options.seed.value_or(0);
    state.learningRate = options.learningRate;
    session.initialize(state.seed);
    TrainOptions trainOptions;
    trainOptions.epochs = options.epochs;
    Trainer trainer(session, trainEntry, &evaluateEntry);
    if (!trainer.train({&data, rest}, {}, state, encoding, trainOptions, observer)) {
      progress->note(concat("interrupted in fold ", results.size() + 1, "; nothing is saved"));
      return 128 + caughtSignal();
    }
    results.push_back(nnc::evaluate(session, evaluateEntry, {&data, part}));
  }
  printTable(results);
  return finishOutput();
}

} // namespace nnc::run
