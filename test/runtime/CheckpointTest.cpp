// Checkpoints: what they keep, and what is refused.
#include "checkpoint/Checkpoint.h"
#include "Support.h"
#include <cmath>
#include <csignal>
#include <cstring>
#include <sys/resource.h>

using namespace nnc;
using namespace nnc::test;

namespace {

class CheckpointTest : public testing::Test {
protected:
  TempFolder folder;
  Session session{tokensProgram()};

  void SetUp() override { session.initialize(5); }
  std::string variables(const Session &s) const {
    return {reinterpret_cast<const char *>(s.memory().data()), size_t(s.program().state_bytes)};
  }
};

TEST_F(CheckpointTest, KeepsEverything) {
  TrainingState state;
  state.epoch = 3;
  state.position = 7;
  state.seed = -2;
  state.batch = 4;
  state.rows = 100;
  state.rowsHash = -5;
  state.classWeights = {0.1, 2};
  state.learningRate = 0.1;
  state.averages = Averages(28, {{"loss", 1.0 / 3}, {"accuracy", 20}});
  state.history = {{{"loss", 0.7}, {"val_loss", 0.1}}};
  Encoding encoding;
  encoding.vocabulary = Vocabulary({"größe", "a\"b"});
  encoding.classes["label"] = {"x", "y"};
  encoding.columns["features"] = {"height", "width"};
  std::string path = folder / "c.safetensors";
  saveCheckpoint(path, session, state, encoding);

  Checkpoint read = readCheckpoint(path);
  EXPECT_EQ(read.state.epoch, 3);
  EXPECT_EQ(read.state.position, 7);
  EXPECT_EQ(read.state.seed, -2);
  EXPECT_EQ(read.state.batch, 4);
  EXPECT_EQ(read.state.rows, 100);
  EXPECT_EQ(read.state.rowsHash, -5);
  EXPECT_EQ(read.state.classWeights, state.classWeights);
  EXPECT_EQ(read.state.learningRate, 0.1);
  EXPECT_EQ(read.state.averages.samples(), 28);
  EXPECT_EQ(read.state.averages.sums(), state.averages.sums());
  EXPECT_EQ(read.state.history, state.history);
  EXPECT_EQ(read.encoding.vocabulary.words(), encoding.vocabulary.words());
  EXPECT_EQ(read.encoding.classes, encoding.classes);
  EXPECT_EQ(read.encoding.columns, encoding.columns);

  Session other(tokensProgram());
  loadVariables(read, other, LoadKind::everything);
  EXPECT_EQ(variables(other), variables(session));
  std::string bytes = readFile(path);
  saveCheckpoint(path, other, read.state, read.encoding);
  EXPECT_EQ(readFile(path), bytes);
}

TEST_F(CheckpointTest, KeepsTheBestParametersAside) {
  TrainingState state;
  state.kept.take(session);
  state.bestEpoch = 4;
  std::string best = variables(session);
  session.initialize(6);
  std::string last = variables(session);
  saveCheckpoint(folder / "going", session, state, {});
  Checkpoint going = readCheckpoint(folder / "going");
  EXPECT_EQ(going.contents.tensors.size(), variablesOf(session.program()).size());
  Session other(tokensProgram());
  loadVariables(going, other, LoadKind::everything);
  loadKept(going, other, going.state);
  EXPECT_EQ(variables(other), last);
  EXPECT_EQ(going.state.bestEpoch, 4);
  going.state.kept.swap(other);
  EXPECT_EQ(variables(other), best);

  // Where training has ended with them, evaluation finds the best ones, a resumed run those that it ended with.
  state.kept.swap(session);
  state.restored = true;
  saveCheckpoint(folder / "ended", session, state, {});
  Checkpoint ended = readCheckpoint(folder / "ended");
  Session third(tokensProgram());
  loadVariables(ended, third, LoadKind::everything);
  EXPECT_EQ(variables(third), best);
  loadKept(ended, third, ended.state);
  EXPECT_EQ(variables(third), last);
  ended.state.kept.swap(third);
  EXPECT_EQ(variables(third), best);
}

TEST_F(CheckpointTest, RefusesKeptParametersThatDoNotFit) {
  TrainingState state;
  state.kept.take(session);
  saveCheckpoint(folder / "c", session, state, {});
  Safetensors good = readSafetensors(folder / "c");
  auto error = [&](auto change) {
    Safetensors contents = good;
    change(contents);
    writeSafetensors(folder / "d", contents);
    return errorOf([&] {
      Checkpoint checkpoint = readCheckpoint(folder / "d");
      loadKept(checkpoint, session, checkpoint.state);
    });
  };
  const char *name = "best:classifier.embedding.table";
  EXPECT_EQ(error([](Safetensors &) {}), "(no error)");
  EXPECT_NE(error([&](Safetensors &contents) {
              contents.tensors.at(name).shape = {3, 50};
            }).find("of the parameters it keeps aside, 'classifier.embedding.table' is missing or of another type"),
            std::string::npos);
  EXPECT_NE(error([&](Safetensors &contents) {
              contents.tensors["best:other"] = contents.tensors.at(name);
              contents.tensors.erase(name);
            }).find("'classifier.embedding.table' is missing"),
            std::string::npos);
  EXPECT_NE(error([&](Safetensors &contents) {
              contents.tensors["last:classifier.embedding.table"] = contents.tensors.at(name);
            }).find("it holds both 'best:' and 'last:' tensors"),
            std::string::npos);
  EXPECT_NE(error([](Safetensors &contents) {
              contents.metadata["nnc.best_epoch"] = "-1";
            }).find("'nnc.best_epoch' is malformed"),
            std::string::npos);
}

TEST_F(CheckpointTest, NamesTheFirstParameterThatDiffers) {
  saveCheckpoint(folder / "c", session, {}, {});
  Session linear(linearProgram());
  std::string before = variables(linear);
  EXPECT_ERROR(loadVariables(readCheckpoint(folder / "c"), linear, LoadKind::parameters),
               "a checkpoint of another model: it has no 'line.dense.kernel', which is tensor<2x1xf32> in this one");
  EXPECT_EQ(variables(linear), before);

  Safetensors contents = readSafetensors(folder / "c");
  contents.tensors["classifier.embedding.table"].shape = {25, 6};
  writeSafetensors(folder / "d", contents);
  EXPECT_ERROR(loadVariables(readCheckpoint(folder / "d"), session, LoadKind::parameters),
               "'classifier.embedding.table' is tensor<25x6xf32> there and tensor<50x3xf32> in this one");

  contents = readSafetensors(folder / "c");
  contents.tensors["classifier.deeper.kernel"] = contents.tensors["classifier.embedding.table"];
  writeSafetensors(folder / "e", contents);
  EXPECT_ERROR(loadVariables(readCheckpoint(folder / "e"), session, LoadKind::parameters),
               "it holds 'classifier.deeper.kernel', tensor<50x3xf32>, which this one has not");
}

TEST_F(CheckpointTest, SlotsAreAskedForOnlyToResume) {
  saveCheckpoint(folder / "c", session, {}, {});
  Safetensors contents = readSafetensors(folder / "c");
  contents.tensors.erase("classifier.embedding.table.momentum");
  writeSafetensors(folder / "d", contents);
  Checkpoint checkpoint = readCheckpoint(folder / "d");
  loadVariables(checkpoint, session, LoadKind::parameters);
  EXPECT_ERROR(loadVariables(checkpoint, session, LoadKind::everything),
               "was trained with another optimiser or step: it has no 'classifier.embedding.table.momentum'");
}

TEST_F(CheckpointTest, ResumingRefusesAnotherOptimisersSlots) {
  saveCheckpoint(folder / "c", session, {}, {});
  Safetensors contents = readSafetensors(folder / "c");
  contents.tensors["classifier.embedding.table.v"] = contents.tensors["classifier.embedding.table"];
  writeSafetensors(folder / "d", contents);
  Checkpoint checkpoint = readCheckpoint(folder / "d");
  loadVariables(checkpoint, session, LoadKind::parameters);
  EXPECT_ERROR(loadVariables(checkpoint, session, LoadKind::everything),
               "was trained with another optimiser or step: it holds 'classifier.embedding.table.v', which");
}

TEST_F(CheckpointTest, RefusesValuesThatNoTrainingLeaves) {
  saveCheckpoint(folder / "c", session, {}, {});
  Safetensors good = readSafetensors(folder / "c");
  auto error = [&](const char *name, auto value) {
    Safetensors contents = good;
    StoredTensor &tensor = contents.tensors.at(name);
    std::vector<std::byte> bytes(tensor.bytes.begin(), tensor.bytes.end());
    std::memcpy(bytes.data() + bytes.size() - sizeof(value), &value, sizeof(value));
    tensor.bytes = bytes;
    writeSafetensors(folder / "d", contents);
    return errorOf([&] { loadVariables(readCheckpoint(folder / "d"), session, LoadKind::everything); });
  };
  for (float value : {std::nanf(""), INFINITY, -INFINITY})
    EXPECT_NE(error("classifier.embedding.table", value)
                  .find("d: 'classifier.embedding.table' holds values that are not finite"),
              std::string::npos);
  EXPECT_NE(error("step", int64_t(-3)).find("d: 'step' is -3: a number of steps cannot be negative"),
            std::string::npos);
  EXPECT_EQ(error("step", int64_t(3)), "(no error)");
}

TEST_F(CheckpointTest, AFullDiskLeavesTheOldFile) {
  std::string path = folder / "c";
  saveCheckpoint(path, session, {}, {});
  std::string before = readFile(path);
  session.initialize(6);
  // A limit on file sizes fails writes in the middle, as a full disk does.
  signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  getrlimit(RLIMIT_FSIZE, &old);
  rlimit small{512, old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  std::string error = errorOf([&] { saveCheckpoint(path, session, {}, {}); });
  setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_NE(error.find("c: cannot write (what was there before is unchanged): File too large"), std::string::npos)
      << error;
  EXPECT_EQ(readFile(path), before);
  size_t files = std::distance(std::filesystem::directory_iterator(folder.str()), {});
  EXPECT_EQ(files, 1u) << "the temporary file is removed";
}

TEST_F(CheckpointTest, RefusesAFolderThatIsNotThere) {
  EXPECT_ERROR(saveCheckpoint(folder / "none/c", session, {}, {}), "cannot write in");
}

TEST_F(CheckpointTest, RefusesDamagedFiles) {
  saveCheckpoint(folder / "c", session, {}, {});
  std::string good = readFile(folder / "c");
  auto error = [&](const std::string &content) {
    return errorOf([&] { readCheckpoint(folder.write("bad", content)); });
  };
  for (size_t length = 0; length < good.size(); length += 7)
    EXPECT_NE(error(good.substr(0, length)), "(no error)") << length;
  EXPECT_NE(error(good + "x"), "(no error)");
  auto withHeader = [](const std::string &header, const std::string &data = "") {
    std::string length(8, 0);
    uint64_t size = header.size();
    std::memcpy(length.data(), &size, 8);
    return length + header + data;
  };
  EXPECT_NE(error(withHeader("[]")).find("not a JSON object"), std::string::npos);
  EXPECT_NE(error(withHeader("{")).find("not a JSON object"), std::string::npos);
  EXPECT_NE(error(withHeader(std::string(100000, '['))).find("not a"), std::string::npos);
  EXPECT_NE(error(withHeader(R"({"a":{"dtype":"F16","shape":[1],"data_offsets":[0,2]}})", "ab")).find("dtype F16"),
            std::string::npos);
  EXPECT_NE(error(withHeader(R"({"a":{"dtype":"F32","shape":[4611686018427387905,4],"data_offsets":[0,4]}})", "abcd"))
                .find("does not lie in the file"),
            std::string::npos);
  EXPECT_NE(error(withHeader(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})",
                             "abcd"))
                .find("overlap"),
            std::string::npos);
  EXPECT_NE(error(withHeader(R"({"__metadata__":{"nnc.epoch":"x"}})")).find("'nnc.epoch' is malformed"),
            std::string::npos);
  EXPECT_NE(error(withHeader(R"({"__metadata__":{"nnc.format":"2"}})")).find("newer nnc"), std::string::npos);
}

} // namespace
