// Training loops: same bits however they are run, and when they stop.
#include "train/Trainer.h"
#include "Support.h"
#include <cmath>
#include <cstring>
#include <numeric>

using namespace nnc;
using namespace nnc::test;

namespace {

/// Rows of tokens whose label is that of their largest token; the last batch is short.
class TrainerTest : public testing::Test {
protected:
  static constexpr int64_t kRows = 23;
  TempFolder folder;
  std::vector<int32_t> tokens, labels;
  Dataset data;
  Rows rows;

  void SetUp() override {
    for (int64_t i = 0; i < kRows * 8; ++i)
      tokens.push_back(static_cast<int32_t>(i * i * 7 % 50));
    for (int64_t i = 0; i < kRows; ++i)
      labels.push_back(tokens[i * 8] % 3);
    data.columns = {{"tokens", 32, reinterpret_cast<std::byte *>(tokens.data()), nullptr},
                    {"label", 4, reinterpret_cast<std::byte *>(labels.data()), nullptr}};
    data.rows = kRows;
    rows.data = &data;
    rows.indices.resize(kRows);
    std::iota(rows.indices.begin(), rows.indices.end(), 0);
  }

  struct StopAfter : TrainObserver {
    int64_t steps;
    explicit StopAfter(int64_t steps) : steps(steps) {}
    void onStep(const StepReport &) override { --steps; }
    bool shouldStop() override { return steps <= 0; }
  };

  static Trainer trainerFor(Session &session) {
    return Trainer(session, requireEntry(session.program(), NNC_TRAIN, ""),
                   findEntry(session.program(), NNC_EVALUATE, ""));
  }

  /// Trains from the start and returns the checkpoint's bytes.
  std::string train(int threads, int64_t epochs, double learningRate = 0.5) {
    SessionOptions options;
    options.threads = threads;
    Session session(tokensProgram(), options);
    session.initialize(1);
    TrainingState state;
    state.seed = 1;
    state.learningRate = learningRate;
    TrainObserver silent;
    std::string path = folder / concat("threads", threads);
    EXPECT_TRUE(trainerFor(session).train(rows, rows, state, {}, {epochs, path}, silent));
    return readFile(path);
  }
};

TEST_F(TrainerTest, SameBitsOnAnyNumberOfThreads) {
  std::string one = train(1, 3);
  EXPECT_EQ(train(2, 3), one);
  EXPECT_EQ(train(3, 3), one);
  EXPECT_NE(train(1, 3, 0.25), one);
}

TEST_F(TrainerTest, SameBitsAfterAnyInterruption) {
  std::string whole = train(1, 3);
  std::string path = folder / "interrupted";
  for (int64_t stop = 1; stop < 18; ++stop) {
    Session first(tokensProgram());
    first.initialize(1);
    TrainingState state;
    state.seed = 1;
    state.learningRate = 0.5;
    StopAfter observer(stop);
    EXPECT_FALSE(trainerFor(first).train(rows, rows, state, {}, {3, path}, observer));

    Session second(tokensProgram());
    Checkpoint checkpoint = readCheckpoint(path);
    EXPECT_EQ(checkpoint.state.epoch * 6 + checkpoint.state.position, stop);
    loadVariables(checkpoint, second, LoadKind::everything);
    TrainObserver silent;
    EXPECT_TRUE(trainerFor(second).train(rows, rows, checkpoint.state, checkpoint.encoding, {3, path}, silent));
    EXPECT_EQ(readFile(path), whole) << "stopped after step " << stop;
  }
}

/// Options of a run that early stopping ends after its fourth epoch, and that restores the second. The numbers come
/// from the test, in place of what the validation rows give.
TrainOptions stoppingOptions(const std::string &path, const std::string &best) {
  TrainOptions options;
  options.epochs = 9;
  options.checkpoint = path;
  options.monitor = {"score",          /*largerIsBetter=*/true, /*stops=*/true, /*patience=*/2, /*minDelta=*/0,
                     /*restores=*/true};
  options.bestCheckpoint = best;
  return options;
}

/// Adds the score of the epoch that `state` stands in.
void addScores(TrainOptions &options, const TrainingState &state) {
  options.addNumbers = [&state](EpochRecord &record) {
    const double scores[] = {0.3, 0.6, 0.5, 0.6, 0.9};
    record.emplace_back("score", scores[state.epoch]);
  };
}

TEST_F(TrainerTest, StopsEarlyAndRestoresTheBestEpoch) {
  Session session(tokensProgram());
  session.initialize(1);
  TrainingState state;
  TrainObserver silent;
  TrainOptions options = stoppingOptions(folder / "c", folder / "best");
  addScores(options, state);
  EXPECT_TRUE(trainerFor(session).train(rows, {}, state, {}, options, silent));
  EXPECT_EQ(state.epoch, 4);
  EXPECT_EQ(state.bestEpoch, 1);
  EXPECT_TRUE(state.restored);

  // The best file is what two epochs alone give, and holds the parameters that the run ended with.
  Session two(tokensProgram());
  two.initialize(1);
  TrainingState stateOfTwo;
  TrainOptions optionsOfTwo;
  optionsOfTwo.epochs = 2;
  optionsOfTwo.checkpoint = folder / "two";
  addScores(optionsOfTwo, stateOfTwo);
  EXPECT_TRUE(trainerFor(two).train(rows, {}, stateOfTwo, {}, optionsOfTwo, silent));
  EXPECT_EQ(readFile(folder / "best"), readFile(folder / "two"));
  const nnc_variable &table = *findVariable(session.program(), "classifier.embedding.table");
  EXPECT_EQ(std::memcmp(session.read(table), two.read(table), byteCount(table.tensor)), 0);
}

TEST_F(TrainerTest, SameEndOfEarlyStoppingAfterAnyInterruption) {
  std::string whole, best;
  for (int64_t stop = 0; stop < 24; ++stop) {
    std::string path = folder / "c", bestPath = folder / "best";
    std::filesystem::remove(path);
    Session first(tokensProgram());
    first.initialize(1);
    TrainingState state;
    TrainOptions options = stoppingOptions(path, bestPath);
    addScores(options, state);
    StopAfter observer(stop ? stop : 1000);
    EXPECT_EQ(trainerFor(first).train(rows, rows, state, {}, options, observer), stop == 0);
    if (stop == 0) {
      whole = readFile(path);
      best = readFile(bestPath);
    }

    // What is gone on from may be a run that was interrupted, or one that is at its end: that ends as it did.
    Session second(tokensProgram());
    Checkpoint checkpoint = readCheckpoint(path);
    TrainingState &resumed = checkpoint.state;
    loadVariables(checkpoint, second, LoadKind::everything);
    loadKept(checkpoint, second, resumed);
    addScores(options, resumed);
    TrainObserver silent;
    EXPECT_TRUE(trainerFor(second).train(rows, rows, resumed, checkpoint.encoding, options, silent));
    EXPECT_EQ(readFile(path), whole) << "stopped after step " << stop;
    EXPECT_EQ(readFile(bestPath), best) << "stopped after step " << stop;
  }
}

TEST_F(TrainerTest, ARestoredRunGoesOnAsIfItHadNotEnded) {
  auto run = [&](const char *name, std::initializer_list<int64_t> ends) {
    std::string path = folder / name;
    for (int64_t end : ends) {
      Session session(tokensProgram());
      session.initialize(1);
      Checkpoint checkpoint;
      if (std::filesystem::exists(path)) {
        checkpoint = readCheckpoint(path);
        loadVariables(checkpoint, session, LoadKind::everything);
        loadKept(checkpoint, session, checkpoint.state);
      }
      TrainOptions options = stoppingOptions(path, "");
      options.epochs = end;
      addScores(options, checkpoint.state);
      TrainObserver silent;
      EXPECT_TRUE(trainerFor(session).train(rows, rows, checkpoint.state, {}, options, silent));
    }
    return readFile(path);
  };
  EXPECT_EQ(run("parts", {1, 2, 3, 9}), run("whole", {9}));
}

TEST_F(TrainerTest, ShortBatchesCountTheirOwnSamples) {
  Session session(tokensProgram());
  session.initialize(1);
  const nnc_entry &entry = requireEntry(session.program(), NNC_EVALUATE, "");
  Averages all = evaluate(session, entry, rows);
  EXPECT_EQ(all.samples(), kRows);
  double loss = 0;
  for (int64_t row : rows.indices)
    loss += evaluate(session, entry, {&data, {row}}).mean(0);
  EXPECT_NEAR(all.mean(0), loss / kRows, 1e-6);
}

TEST_F(TrainerTest, LearnsAndPredicts) {
  Session session(tokensProgram());
  session.initialize(1);
  TrainingState state;
  TrainObserver silent;
  trainerFor(session).train(rows, {}, state, {}, {40, ""}, silent);
  EXPECT_LT(state.history.back()[0].second, 0.1 * state.history.front()[0].second);
  int64_t right = 0, count = 0;
  const nnc_entry &entry = requireEntry(session.program(), NNC_PREDICT, "");
  predict(session, entry, rows, [&](int64_t i, const nnc_output &, const std::byte *row) {
    float probabilities[3];
    std::memcpy(probabilities, row, sizeof(probabilities));
    right += std::max_element(probabilities, probabilities + 3) - probabilities == labels[i];
    EXPECT_EQ(i, count++);
  });
  EXPECT_EQ(count, kRows);
  EXPECT_GE(right, kRows - 1);
}

TEST_F(TrainerTest, StopsWhereTheLossIsNotFinite) {
  std::string good = train(1, 1);
  std::string path = folder / "threads1";
  EXPECT_ERROR(train(1, 5, 1e38), "the loss is ");
  EXPECT_EQ(readFile(path), good) << "the good checkpoint is untouched";
}

TEST_F(TrainerTest, SavesNoParameterThatIsNotFinite) {
  Session session(tokensProgram());
  session.initialize(1);
  // A word that no row has: the loss stays finite.
  float nan = std::nanf("");
  std::vector<bool> used(50);
  for (int32_t token : tokens)
    used[token] = true;
  size_t unused = std::find(used.begin() + 1, used.end(), false) - used.begin();
  ASSERT_LT(unused, used.size());
  std::memcpy(static_cast<float *>(session.write(*findVariable(session.program(), "classifier.embedding.table"))) +
                  unused * 3,
              &nan, sizeof(nan));
  TrainingState state;
  TrainObserver silent;
  EXPECT_ERROR(trainerFor(session).train(rows, {}, state, {}, {1, folder / "c"}, silent),
               "'classifier.embedding.table' holds values that are not finite after step 6 of epoch 1: stopped");
  EXPECT_FALSE(std::filesystem::exists(folder / "c"));
}

} // namespace
