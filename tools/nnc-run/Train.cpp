// nnc-run train.
#include "AssertPlan.h"
#include "ClassWeights.h"
#include "Compile.h"
#include "Data.h"
#include "DryRun.h"
#include "Embeddings.h"
#include "Files.h"
#include "History.h"
#include "Interrupts.h"
#include "Monitoring.h"
#include "Options.h"
#include "ProfileReport.h"
#include "Progress.h"
#include "core/Error.h"
#include "core/Gpu.h"
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>

namespace nnc::run {
namespace {

/// Shows progress, keeps the history and passes Ctrl-C on. A history that cannot be written must cost neither the epoch
/// nor its checkpoint: it is reported, and tried again with the next epoch's.
class Observer : public TrainObserver {
public:
  Observer(Progress &progress, History &history) : progress(progress), history(history) {}
  void onStep(const StepReport &report) override { progress.onStep(report); }
  void onEpoch(const EpochReport &report) override {
    progress.onEpoch(report);
    try {
      history.add(report.epoch, report.record, report.seconds, report.samplesPerSecond);
      historyError.clear();
    } catch (const Error &error) {
      historyError = error.what();
      progress.note("--history: " + historyError);
    }
  }
  void onSaved(const std::string &path, const TrainingState &state) override { progress.onSaved(path, state); }
  bool shouldStop() override { return caughtSignal() != 0; }

  /// Why the last epoch is not in the history, or nothing.
  std::string historyError;

private:
  Progress &progress;
  History &history;
};

std::optional<Checkpoint> readResumed(const Options &options) {
  if (!options.resume)
    return std::nullopt;
  Checkpoint checkpoint = readCheckpoint(options.checkpoint);
  if (checkpoint.state.batch == 0)
    fail(options.checkpoint, ": holds variables, but not where a training run stands: nothing to resume");
  return checkpoint;
}

/// The checkpoint that a fresh run takes its parameters from.
std::optional<Checkpoint> readWeights(const Options &options) {
  for (const auto &[option, given] :
       {std::pair("--weights", !options.weights.empty()), std::pair("--embeddings", !options.embeddings.empty())})
    if (given && options.resume)
      fail(option, " is what a fresh run starts from; --resume goes on from ", options.checkpoint);
  if (options.weights.empty())
    return std::nullopt;
  return readCheckpoint(options.weights);
}

/// A value that both the command line and a checkpoint may give.
int64_t agree(const char *option, std::optional<int64_t> given, std::optional<int64_t> stored, int64_t otherwise) {
  if (given && stored && *given != *stored)
    fail(option, " ", *given, ": the checkpoint was made with ", *stored, ", and only that goes on from it");
  return given ? *given : stored.value_or(otherwise);
}

int64_t parameterCount(const nnc_program &program) {
  int64_t count = 0;
  for (const nnc_variable &variable : variablesOf(program))
    if (variable.role == NNC_PARAMETER)
      count += elementCount(variable.tensor);
  return count;
}

/// Asserts the plan of the entries that training uses.
std::string assertPlanOf(Intention &&intention, const nnc_entry &trainEntry, const nnc_entry *evaluateEntry,
                         const TrainingData &data, const TrainingState &state, bool isResumed) {
  if (!isResumed)
    intention.uses.push_back({&requireEntry(*intention.program, NNC_INIT, ""), {}});
  Rows training{data.training.data, {}};
  orderRows(data.training, state, training.indices);
  intention.uses.push_back({&trainEntry, std::move(training)});
  if (evaluateEntry && !data.validation.indices.empty())
    intention.uses.push_back({evaluateEntry, data.validation});
  return assertPlan(intention);
}

std::string whereItStands(const Options &options, const TrainingState &state) {
  if (options.checkpoint.empty())
    return "interrupted; nothing is saved, as no --checkpoint was given";
  std::string place = state.position ? concat("step ", state.position, " of epoch ", state.epoch + 1)
                                     : concat("the end of epoch ", state.epoch);
  return concat("interrupted after ", place, "; saved ", options.checkpoint, ", --resume goes on from it");
}

RunEnd endOf(const MonitorOptions &options, const TrainingState &state, double seconds) {
  Monitor monitor(options, state.history);
  RunEnd end;
  end.monitor = options.name;
  end.best = monitor.best();
  end.reference = monitor.reference();
  end.stopped = monitor.shouldStop();
  end.minDelta = options.minDelta;
  if (state.restored)
    end.restored = state.bestEpoch;
  end.epochs = state.epoch;
  end.seconds = seconds;
  return end;
}

/// Standard output gets what `evaluate` would print for the test rows.
void printTest(const Averages &means) {
  std::printf("test_rows %ld\n", means.samples());
  for (size_t i = 0; i < means.size(); ++i)
    std::printf("test_%s %.6f\n", means.name(i).c_str(), means.mean(i));
  finishOutput();
}

/// A profile and what it is compared with, of the host measured before training, so that a machine without room for
/// that says so early.
struct Profiling {
  explicit Profiling(const Session &session)
      : threads(session.gpu() ? 0 : session.threads()), place(session.place()),
        roofline(session.gpu() ? session.gpu()->roofline() : measureRoofline(threads)),
        profile(session.program(), session.threads(), kTracedRuns) {}

  void report(const std::string &trace) const {
    if (!trace.empty())
      writeTrace(trace, profile, threads);
    std::fputs(formatProfile(profile, roofline, place, std::max(threads, 1)).c_str(), stdout);
    finishOutput();
  }

  int threads; // 0: the program runs on a GPU
  std::string place;
  Roofline roofline;
  Profile profile;
};

} // namespace

int train(const Options &options) {
  // Progress that nobody reads any more must not end the training.
  std::signal(SIGPIPE, SIG_IGN);
  std::optional<Checkpoint> resumed = readResumed(options);
  std::optional<Checkpoint> weights = readWeights(options);
  checkCheckpointPaths(options);
  checkHistoryPath(options);
  checkTracePath(options);
  auto stored = [&](int64_t TrainingState::*field) {
    return resumed ? std::optional<int64_t>(resumed->state.*field) : std::nullopt;
  };
  int64_t batch = agree("--batch", options.batch, stored(&TrainingState::batch), kDefaultBatch);
  if (options.dryRun)
    return dryRun(options, batch);

  bool scoresClasses = monitorsClasses(options);
  Options chosen = options;
  chosen.weighsClasses = !options.classWeight.empty() || (resumed && !resumed->state.classWeights.empty());
  auto program = openCompiled(chosen, scoresClasses ? "init,train,evaluate,predict" : "init,train,evaluate", batch);
  const nnc_entry &trainEntry = requireEntry(*program, NNC_TRAIN, options.symbol, "--step");
  const nnc_entry *evaluateEntry = findEntry(*program, NNC_EVALUATE, trainEntry.symbol);
  if ((options.batch || resumed) && trainEntry.batch != batch)
    fail(options.model, ": was compiled for batches of ", trainEntry.batch, ", not ", batch);
  if (options.profile && trainEntry.kernel_count == 0 && !runsOnDevice(trainEntry))
    fail(options.model, ": was not compiled for a profile: nnc-opt --profile does so");

  // Before the data is read, so that a machine without the GPU or the memory says so early.
  SessionOptions sessionOptions;
  sessionOptions.threads = options.threads;
  Session session(program, sessionOptions);

  std::vector<const nnc_entry *> entries = {&trainEntry};
  if (evaluateEntry)
    entries.push_back(evaluateEntry);
  TrainingData data = loadTrainingData(options, dataInputs(entries), resumed ? &resumed->encoding : nullptr,
                                       weights ? &weights->encoding : nullptr);
  if (!data.validation.indices.empty() && !evaluateEntry)
    fail("there are validation rows, but the program has no evaluate entry for '", trainEntry.symbol, "'");
  if (!data.test.indices.empty() && !evaluateEntry)
    fail("--test: the program has no evaluate entry for '", trainEntry.symbol, "'");
  MonitorOptions monitor = chooseMonitor(options, trainEntry, evaluateEntry, !data.validation.indices.empty());
  std::optional<Classifier> classifier;
  if (scoresClasses)
    classifier.emplace(*program, trainEntry, options.classifier, options.label);

  TrainingState state;
  if (resumed) {
    state = resumed->state;
    state.seed = agree("--seed", options.seed, stored(&TrainingState::seed), 0);
    if (state.rows != static_cast<int64_t>(data.training.indices.size()))
      fail(options.checkpoint, ": was made with ", state.rows, " training rows, this data has ",
           data.training.indices.size());
    if (state.rowsHash != fingerprint(data.training.indices))
      fail(options.checkpoint, ": was made with other training rows of this data: --validation, --test, --stratify and "
                               "--label must be as they were");
  } else {
    state.seed = options.seed.value_or(0);
    state.rowsHash = fingerprint(data.training.indices);
  }
  if (options.learningRate)
    state.learningRate = options.learningRate;
  bool followsSchedule = !findInput(trainEntry, NNC_LEARNING_RATE);
  if (options.learningRate && followsSchedule)
    fail("--learning-rate: the step's learning rate follows a schedule, which the model file gives");
  std::string rateNote;
  if (state.learningRate && followsSchedule) {
    rateNote = concat("the checkpoint was trained with --learning-rate ", *state.learningRate,
                      "; from here on the step's learning rate follows a schedule");
    state.learningRate.reset();
  }
  if (!options.classWeight.empty()) {
    state.classWeights = readClassWeights(options, trainEntry, data.training, data.encoding);
    if (resumed && state.classWeights != resumed->state.classWeights)
      fail("--class-weight: ", options.checkpoint, " was made with other weights, and only these go on from it");
  }
  Embeddings embeddings = readEmbeddings(options, *program, data.encoding.vocabulary);
  auto setVariables = [&](Session &session) {
    if (resumed)
      loadVariables(*resumed, session, LoadKind::everything);
    else
      session.initialize(state.seed);
    if (weights)
      loadVariables(*weights, session, LoadKind::parameters);
    for (const PretrainedRows &rows : embeddings.tables)
      rows.copyTo(session);
  };
  std::string assertion;
  if (options.assertPlan)
    assertion = assertPlanOf({program, options.threads, state.seed, state.learningRate, setVariables, {}}, trainEntry,
                             evaluateEntry, data, state, resumed.has_value());

  setVariables(session);
  if (resumed)
    loadKept(*resumed, session, state);
  checkKept(monitor, session, state, options.checkpoint);

  std::optional<Profiling> profiling;
  if (options.profile) {
    profiling.emplace(session);
    session.setProfile(&profiling->profile);
  }

  std::unique_ptr<Progress> progress = makeProgress(options.progress);
  History history(options.history, state);
  Observer observer(*progress, history);
  progress->onStart(options.model, state.rows ? state.rows : static_cast<int64_t>(data.training.indices.size()),
                    static_cast<int64_t>(data.validation.indices.size()), parameterCount(*program), session);
  if (!rateNote.empty())
    progress->note(rateNote);
  if (const std::string &note = session.libraryNote(); !note.empty())
    progress->note(note);
  if (!assertion.empty())
    progress->note(assertion);
  for (const std::string &note : embeddings.notes)
    progress->note(note);
  bool isStopped = Monitor(monitor, state.history).shouldStop();
  if (isStopped || state.epoch >= options.epochs) {
    progress->note(concat(
        "nothing to do: ", options.checkpoint, " stands at the end of epoch ", state.epoch,
        isStopped ? concat(", where ", monitor.name, " had not improved for --patience ", options.patience, " epochs")
                  : concat(", --epochs is ", options.epochs)));
    if (!monitor.restores)
      return 0;
  }
  catchInterrupts();
  auto start = std::chrono::steady_clock::now();
  Trainer trainer(session, trainEntry, evaluateEntry);
  TrainOptions trainOptions{options.epochs, options.checkpoint, options.checkpointEvery, monitor, options.saveBest, {}};
  if (classifier)
    trainOptions.addNumbers = scoreAdder(monitor, *classifier, session, data.validation);
  bool finished = trainer.train(data.training, data.validation, state, data.encoding, trainOptions, observer);
  if (finished)
    progress->onEnd(
        endOf(monitor, state, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()));
  else
    progress->note(whereItStands(options, state));
  if (finished && !data.test.indices.empty())
    printTest(nnc::evaluate(session, *evaluateEntry, data.test));
  if (profiling)
    profiling->report(options.trace);
  if (!observer.historyError.empty())
    fail("--history: ", observer.historyError);
  if (finished)
    return 0;
  return 128 + caughtSignal();
}

} // namespace nnc::run
