// Programs for a GPU, on a driver that plays one (fake_cuda.cpp): what they compute, what is copied when, and what is
// said where something fails.
#include "core/Device.h"
#include "Support.h"
#include "core/Profile.h"
#include "core/Session.h"
#include "fake_cuda.h"
#include "nnc/runtime.h"
#include "train/Trainer.h"
#include <cstring>
#include <dlfcn.h>
#include <numeric>
#include <set>
#include <thread>

extern "C" const nnc_program nnc_program_device; // device_program.c

using namespace nnc;
using namespace nnc::test;

namespace {

constexpr int64_t kStateBytes = 192, kInputBytes = 452 - 192, kLossBytes = 4;

std::shared_ptr<const nnc_program> deviceProgram() { return {std::shared_ptr<void>(), &nnc_program_device}; }

class DeviceTest : public testing::Test {
protected:
  nnc_fake_cuda *driver = nullptr;

  void SetUp() override {
    setenv("NNC_CUDA_DRIVER", NNC_FAKE_CUDA, 1);
    void *library = dlopen(NNC_FAKE_CUDA, RTLD_NOW);
    ASSERT_NE(library, nullptr) << dlerror();
    driver = reinterpret_cast<nnc_fake_cuda *(*)()>(dlsym(library, "nnc_fake_cuda_state"))();
    reset();
  }
  void TearDown() override { EXPECT_EQ(driver->held, 0); }

  void reset() {
    *driver = {};
    driver->devices = 1;
    driver->free_bytes = 1 << 20;
    driver->total_bytes = 2 << 20;
    driver->shared_bytes = 227 << 10;
    driver->multiprocessors = 10;
    driver->resident_threads = 2048;
    driver->threads = 1024;
  }
};

/// Two data of the eight samples, all of them another number in each step.
void writeInputs(Session &session, const nnc_entry &entry, int step) {
  for (const nnc_input &input : inputsOf(entry))
    if (input.role == NNC_DATA)
      for (int64_t i = 0; i < elementCount(input.tensor); ++i)
        static_cast<float *>(session.inputAt(entry, input.tensor))[i] = static_cast<float>((i * 7 + step * 3) % 5) / 4;
  session.writeControls(entry, entry.batch - step % 2);
}

double trainStep(Session &session, int step) {
  const nnc_entry &entry = requireEntry(session.program(), NNC_TRAIN, "");
  writeInputs(session, entry, step);
  session.run(entry);
  return session.readScalar(findOutput(entry, NNC_LOSS)->tensor);
}

std::vector<float> predictions(Session &session) {
  const nnc_entry &entry = requireEntry(session.program(), NNC_PREDICT, "");
  writeInputs(session, entry, 1);
  session.run(entry);
  auto *values = static_cast<const float *>(session.at(findOutput(entry, NNC_PREDICTION)->tensor));
  return {values, values + entry.batch};
}

std::string variables(const Session &session) {
  std::string bytes;
  for (const nnc_variable &variable : variablesOf(session.program()))
    bytes.append(static_cast<const char *>(session.read(variable)), byteCount(variable.tensor));
  return bytes;
}

void expectTheSame(Session &host, Session &device) {
  for (Session *session : {&host, &device})
    session->initialize(1);
  for (int step = 0; step < 5; ++step)
    EXPECT_EQ(trainStep(device, step), trainStep(host, step));
  EXPECT_EQ(predictions(device), predictions(host));
  EXPECT_EQ(variables(device), variables(host));
}

TEST_F(DeviceTest, GivesTheBitsOfTheHost) {
  validateProgram(nnc_program_device, "the program");
  Session host(linearProgram()), device(deviceProgram());
  EXPECT_EQ(host.gpu(), nullptr);
  EXPECT_EQ(device.place(), "Fake GPU");
  expectTheSame(host, device);
}

TEST_F(DeviceTest, GivesThemWhereNoPageMayBePinned) {
  driver->refuses_to_register = 1;
  Session host(linearProgram()), device(deviceProgram());
  expectTheSame(host, device);
}

TEST_F(DeviceTest, GivesThemOnAnotherThread) {
  Session host(linearProgram()), device(deviceProgram());
  std::thread([&] { expectTheSame(host, device); }).join();
}

/// What is copied since the last time.
struct Copies {
  int64_t toDevice, toHost, bytesToDevice, bytesToHost;
  bool operator==(const Copies &) const = default;
};

std::ostream &operator<<(std::ostream &stream, const Copies &copies) {
  return stream << copies.toDevice << " to the device, of " << copies.bytesToDevice << " bytes, and " << copies.toHost
                << " to the host, of " << copies.bytesToHost;
}

Copies takeCopies(nnc_fake_cuda *driver) {
  Copies copies = {std::exchange(driver->copies_to_device, 0), std::exchange(driver->copies_to_host, 0),
                   std::exchange(driver->bytes_to_device, 0), std::exchange(driver->bytes_to_host, 0)};
  return copies;
}

TEST_F(DeviceTest, CopiesWhatOneSideHasChanged) {
  const Copies none = {0, 0, 0, 0}, step = {1, 1, kInputBytes, kLossBytes},
               stepAfterUpload = {2, 1, kInputBytes + kStateBytes, kLossBytes}, download = {0, 1, 0, kStateBytes};
  Session session(deviceProgram());
  const nnc_variable &kernel = *findVariable(session.program(), "line.dense.kernel"),
                     &bias = *findVariable(session.program(), "line.dense.bias");
  session.initialize(1);
  session.read(kernel);
  EXPECT_EQ(takeCopies(driver), none);
  trainStep(session, 0);
  EXPECT_EQ(takeCopies(driver), stepAfterUpload);
  trainStep(session, 1);
  EXPECT_EQ(takeCopies(driver), step);

  session.read(kernel);
  EXPECT_EQ(takeCopies(driver), download);
  session.read(bias);
  EXPECT_EQ(takeCopies(driver), none);
  trainStep(session, 2);
  EXPECT_EQ(takeCopies(driver), step);

  // What is not written keeps what the device gave it.
  float before = *static_cast<const float *>(session.read(kernel));
  takeCopies(driver);
  *static_cast<float *>(session.write(bias)) = 7;
  EXPECT_EQ(takeCopies(driver), none);
  predictions(session);
  EXPECT_EQ(takeCopies(driver), (Copies{2, 1, 64 + kStateBytes, 32}));
  EXPECT_EQ(*static_cast<const float *>(session.read(kernel)), before);
  EXPECT_EQ(*static_cast<const float *>(session.read(bias)), 7);
  EXPECT_EQ(takeCopies(driver), none);

  trainStep(session, 3);
  takeCopies(driver);
  session.initialize(1);
  EXPECT_EQ(takeCopies(driver), none);
  EXPECT_EQ(*static_cast<const float *>(session.read(kernel)), 0);
  trainStep(session, 0);
  EXPECT_EQ(takeCopies(driver), stepAfterUpload);
  EXPECT_EQ(driver->captures, 2);
  EXPECT_EQ(driver->graph_launches, 6);
  EXPECT_EQ(driver->kernel_launches, 5 * 2 + 1);
}

/// Trains for `steps` steps from step `first` on, each step's inputs written while the one before it runs.
std::vector<double> trainAhead(Session &session, int first, int steps) {
  const nnc_entry &entry = requireEntry(session.program(), NNC_TRAIN, "");
  std::vector<double> losses;
  bool isWritten = false;
  for (int step = first; step < first + steps; ++step) {
    if (!isWritten)
      writeInputs(session, entry, step);
    isWritten = session.run(entry, [&] { writeInputs(session, entry, step + 1); });
    losses.push_back(session.readScalar(findOutput(entry, NNC_LOSS)->tensor));
  }
  return losses;
}

TEST_F(DeviceTest, TakesTheNextInputsMeanwhile) {
  Session host(linearProgram()), device(deviceProgram());
  for (Session *session : {&host, &device})
    session->initialize(1);
  trainStep(device, 0);
  trainStep(host, 0);
  takeCopies(driver);
  EXPECT_EQ(trainAhead(device, 1, 5), trainAhead(host, 1, 5));
  // The first step copies its own; the last one's have gone ahead for nothing.
  EXPECT_EQ(driver->copies_on_device, 4);
  EXPECT_EQ(takeCopies(driver), (Copies{5, 5, 5 * kInputBytes, 5 * kLossBytes}));
  EXPECT_EQ(driver->captures, 1 + 2);
  // Inputs that are written again are what the next run takes; another entry's go their own way.
  EXPECT_EQ(trainStep(device, 7), trainStep(host, 7));
  EXPECT_EQ(trainAhead(device, 8, 2), trainAhead(host, 8, 2));
  EXPECT_EQ(predictions(device), predictions(host));
  EXPECT_EQ(trainAhead(device, 3, 4), trainAhead(host, 3, 4));
  EXPECT_EQ(variables(device), variables(host));
}

TEST_F(DeviceTest, DoesWithoutThemWhereMemoryIsFull) {
  Session host(linearProgram()), device(deviceProgram());
  for (Session *session : {&host, &device})
    session->initialize(1);
  driver->free_bytes = kInputBytes - 1;
  int64_t held = driver->held;
  EXPECT_EQ(trainAhead(device, 0, 4), trainAhead(host, 0, 4));
  EXPECT_EQ(driver->copies_on_device, 0);
  EXPECT_EQ(driver->held, held + 1); // the step's graph
  EXPECT_EQ(variables(device), variables(host));
}

TEST_F(DeviceTest, AStepEndsWhereItsSuccessorsInputsFail) {
  Session host(linearProgram()), device(deviceProgram());
  for (Session *session : {&host, &device})
    session->initialize(1);
  const nnc_entry &entry = requireEntry(device.program(), NNC_TRAIN, "");
  // Its own inputs have gone ahead, and are not its successor's.
  trainAhead(device, 0, 1);
  EXPECT_ERROR(device.run(entry, [] { fail("there is no more data"); }),
               "fit.train on Fake GPU: there is no more data");
  trainStep(host, 0);
  trainStep(host, 1);
  EXPECT_EQ(variables(device), variables(host));
  EXPECT_EQ(trainAhead(device, 2, 3), trainAhead(host, 2, 3));
  EXPECT_EQ(variables(device), variables(host));
}

/// The device's program with the prediction made by other kernels.
struct Variant {
  nnc_program program = nnc_program_device;
  std::vector<nnc_entry> entries;
  nnc_launch launch;

  explicit Variant(const char *kernel) {
    auto all = entriesOf(program);
    entries.assign(all.begin(), all.end());
    launch = {kernel, 1, 1, 0, 0, 0, nullptr, nullptr};
    entries[2].launches = &launch;
    program.entries = entries.data();
  }
  std::shared_ptr<const nnc_program> get() const { return {std::shared_ptr<void>(), &program}; }
};

TEST_F(DeviceTest, FillsItsArena) {
  Variant variant("nothing");
  SessionOptions options;
  Session zeros(variant.get(), options);
  EXPECT_EQ(predictions(zeros), std::vector<float>(8, 0));
  options.arena = {.guard = Guard::none, .poison = true, .pattern = 0x3c};
  Session painted(variant.get(), options);
  float paint;
  std::memset(&paint, 0x3c, sizeof(paint));
  EXPECT_EQ(predictions(painted), std::vector<float>(8, paint));
}

/// A line through the origin's data, for the training loop and its checkpoints.
struct Line {
  static constexpr int64_t kRows = 20;
  std::vector<float> x, y;
  Dataset data;
  Rows rows;

  Line() {
    for (int64_t i = 0; i < kRows; ++i) {
      x.insert(x.end(), {static_cast<float>(i % 5) / 4, static_cast<float>(i % 3) / 2});
      y.push_back(3 * x[2 * i] - 2 * x[2 * i + 1] + 1);
    }
    data.columns = {{"x", 8, reinterpret_cast<std::byte *>(x.data()), nullptr},
                    {"y", 4, reinterpret_cast<std::byte *>(y.data()), nullptr}};
    data.rows = kRows;
    rows.data = &data;
    rows.indices.resize(kRows);
    std::iota(rows.indices.begin(), rows.indices.end(), 0);
  }

  /// From the checkpoint at `path`, or from the start where there is none, up to `epochs`.
  void train(const std::shared_ptr<const nnc_program> &program, const std::string &path, int64_t epochs) const {
    Session session(program);
    Checkpoint checkpoint;
    if (std::filesystem::exists(path)) {
      checkpoint = readCheckpoint(path);
      loadVariables(checkpoint, session, LoadKind::everything);
    } else {
      session.initialize(1);
    }
    TrainObserver silent;
    Trainer trainer(session, requireEntry(*program, NNC_TRAIN, ""), nullptr);
    EXPECT_TRUE(trainer.train(rows, {}, checkpoint.state, {}, {epochs, path}, silent));
  }
};

TEST_F(DeviceTest, CheckpointsMoveBetweenHostAndDevice) {
  Line line;
  TempFolder folder;
  line.train(linearProgram(), folder / "host", 4);
  for (const auto &programs : {std::pair(linearProgram(), deviceProgram()),
                               {deviceProgram(), linearProgram()},
                               {deviceProgram(), deviceProgram()}}) {
    std::string path = folder / "moved";
    line.train(programs.first, path, 2);
    line.train(programs.second, path, 4);
    EXPECT_EQ(readFile(path), readFile(folder / "host"));
    std::filesystem::remove(path);
  }
}

TEST_F(DeviceTest, ASaveBringsTheVariablesOnce) {
  constexpr int64_t kEpochs = 3, kSteps = 3;
  Line line;
  TempFolder folder;
  line.train(deviceProgram(), folder / "c", kEpochs);
  EXPECT_EQ(takeCopies(driver),
            (Copies{kEpochs * kSteps + 1, kEpochs * (kSteps + 1), kEpochs * kSteps * kInputBytes + kStateBytes,
                    kEpochs * (kSteps * kLossBytes + kStateBytes)}));
}

TEST_F(DeviceTest, ProfilesByTheDevicesClock) {
  Session session(deviceProgram());
  Profile profile(session.program(), 1, /*tracedRuns=*/2);
  session.initialize(1);
  trainStep(session, 0);
  session.setProfile(&profile);
  for (int step = 1; step < 4; ++step)
    trainStep(session, step);
  predictions(session);
  ASSERT_EQ(profile.entries().size(), 2u);
  const EntryProfile &train = profile.entries()[0];
  constexpr int64_t kMillisecond = 1000000;
  EXPECT_EQ(train.runs, 2);
  for (const KernelTime &kernel : train.kernels) {
    EXPECT_EQ(kernel.nanoseconds, 2 * kMillisecond);
    EXPECT_EQ(kernel.busyNanoseconds, 2 * kMillisecond);
  }
  // Launches that are not described go by their kernels' names.
  const EntryProfile &predict = profile.entries()[1];
  ASSERT_EQ(predict.descriptions.size(), 1u);
  EXPECT_STREQ(predict.descriptions[0].name, "predict");
  EXPECT_EQ(predict.kernels[0].nanoseconds, kMillisecond);
  EXPECT_EQ(driver->captures, 3); // train, then train and predict with events
  EXPECT_EQ(profile.events().size(), 2u * 3);

  Session host(linearProgram());
  host.initialize(1);
  for (int step = 0; step < 4; ++step)
    trainStep(host, step);
  EXPECT_EQ(variables(session), variables(host));
}

TEST_F(DeviceTest, ServesTheCApi) {
  nnc_session *session = nnc_session_create(&nnc_program_device, 1);
  ASSERT_NE(session, nullptr) << nnc_last_error();
  ASSERT_EQ(nnc_session_init(session, 0), 0);
  Line line;
  nnc_rows fields[] = {{"x", line.x.data()}, {"y", line.y.data()}};
  float bias = 5, kernel[2] = {1, 1};
  ASSERT_EQ(nnc_session_write(session, "line.dense.bias", &bias, sizeof(bias)), 0);
  double loss = 1;
  for (int step = 0; step < 800; ++step)
    ASSERT_EQ(nnc_session_train(session, nullptr, fields, 2, 8, &loss), 0) << nnc_last_error();
  EXPECT_LT(loss, 1e-6);
  ASSERT_EQ(nnc_session_read(session, "line.dense.kernel", kernel, sizeof(kernel)), 0);
  EXPECT_NEAR(kernel[0], 3, 1e-2);
  EXPECT_NEAR(kernel[1], -2, 1e-2);
  nnc_session_destroy(session);
}

//===-- What goes wrong ----------------------------------------------------===//

void openSession(const std::shared_ptr<const nnc_program> &program) { Session session(program); }

TEST_F(DeviceTest, SaysWhatIsMissing) {
  driver->devices = 0;
  EXPECT_ERROR(openSession(deviceProgram()),
               "this program is for an NVIDIA GPU, and the NVIDIA driver finds none (cuInit: CUDA_ERROR_NO_DEVICE, no "
               "CUDA-capable device is detected); compiled without --target=cuda, the model runs on the CPU");
  setenv("NNC_CUDA_DRIVER", "libm.so.6", 1);
  EXPECT_ERROR(openSession(deviceProgram()), "the NVIDIA driver is too old for it: it has no cuInit");
  setenv("NNC_CUDA_DRIVER", "/no/such/driver.so", 1);
  EXPECT_ERROR(
      openSession(deviceProgram()),
      "this program is for an NVIDIA GPU, and there is no NVIDIA driver (/no/such/driver.so: cannot open shared "
      "object file: No such file or directory); compiled without --target=cuda, the model runs on the CPU");
  EXPECT_EQ(nnc_session_create(&nnc_program_device, 1), nullptr);
}

TEST_F(DeviceTest, SaysWhatDoesNotFit) {
  driver->free_bytes = 100;
  EXPECT_ERROR(openSession(deviceProgram()),
               "the program takes 640 bytes of the GPU's memory, and Fake GPU has 100 free of "
               "2097152: nnc-run train --dry-run tells the largest batch that fits");
  reset();
  driver->shared_bytes = 50000;
  EXPECT_ERROR(openSession(deviceProgram()),
               "the program's kernel predict takes 60000 bytes of shared memory a block, and "
               "Fake GPU of compute capability 9.0 has 50000");
  reset();
  driver->threads = 16;
  EXPECT_ERROR(openSession(deviceProgram()),
               "the program's kernel train takes 32 threads a block, and Fake GPU has registers for 16");
  reset();
  driver->multiprocessors = 0;
  EXPECT_ERROR(openSession(deviceProgram()),
               "the program's kernel train takes 2 blocks at the same time, and Fake GPU runs 0");
  reset();
  driver->multiprocessors = 1;
  driver->resident_threads = 32;
  EXPECT_ERROR(openSession(deviceProgram()), "the program's kernel train takes 2 blocks at the same time, and Fake GPU "
                                             "runs 1: nnc-opt --gpu-blocks=1 compiles for it");
  reset();
  Variant variant("gone");
  EXPECT_ERROR(openSession(variant.get()), "the program's kernel gone does not load on Fake GPU (cuModuleGetFunction: "
                                           "CUDA_ERROR_NOT_FOUND, named symbol not found)");
}

TEST_F(DeviceTest, SaysWhichCallHasFailed) {
  constexpr int kIllegalAddress = 700;
  std::set<std::string> reported;
  do {
    int64_t failing = driver->failing_call + 1;
    reset();
    driver->failing_call = failing;
    driver->error = kIllegalAddress;
    std::string error = errorOf([&] {
      Session session(deviceProgram());
      Profile profile(session.program(), 1, 1);
      session.initialize(1);
      trainAhead(session, 0, 2);
      session.setProfile(&profile);
      trainStep(session, 2);
      session.read(session.program().variables[0]);
    });
    EXPECT_EQ(driver->held, 0) << "call " << failing;
    // What gives back goes on, and pages that may not be pinned have copies.
    if (error == "(no error)")
      continue;
    reported.insert(driver->failed_call);
    std::string reason =
        concat(driver->failed_call, ": CUDA_ERROR_ILLEGAL_ADDRESS, an illegal memory access was encountered");
    EXPECT_NE(error.find(reason), std::string::npos) << error;
  } while (driver->failed_call);
  for (const char *call : {"cuInit",
                           "cuDeviceGetCount",
                           "cuDeviceGet",
                           "cuDeviceGetName",
                           "cuDeviceGetAttribute",
                           "cuDevicePrimaryCtxRetain",
                           "cuCtxSetCurrent",
                           "cuMemGetInfo_v2",
                           "cuMemAlloc_v2",
                           "cuMemsetD8Async",
                           "cuMemcpyHtoDAsync_v2",
                           "cuMemcpyDtoHAsync_v2",
                           "cuMemcpyDtoDAsync_v2",
                           "cuMemHostAlloc",
                           "cuModuleLoadData",
                           "cuModuleGetFunction",
                           "cuFuncGetAttribute",
                           "cuFuncSetAttribute",
                           "cuLaunchKernel",
                           "cuLaunchCooperativeKernel",
                           "cuOccupancyMaxActiveBlocksPerMultiprocessor",
                           "cuStreamCreate",
                           "cuStreamSynchronize",
                           "cuStreamWaitEvent",
                           "cuStreamBeginCapture_v2",
                           "cuStreamEndCapture",
                           "cuGraphInstantiateWithFlags",
                           "cuGraphLaunch",
                           "cuEventCreate",
                           "cuEventRecordWithFlags",
                           "cuEventElapsedTime"})
    EXPECT_TRUE(reported.contains(call)) << call;
}

TEST_F(DeviceTest, AnErrorOfAStepNamesTheEntry) {
  Session session(deviceProgram());
  session.initialize(1);
  trainStep(session, 0);
  driver->failing_call = driver->calls + 3; // current context, launch, wait
  driver->error = 700;
  EXPECT_ERROR(trainStep(session, 1),
               "fit.train on Fake GPU: CUDA's cuStreamSynchronize: CUDA_ERROR_ILLEGAL_ADDRESS, an "
               "illegal memory access was encountered");
  EXPECT_EQ(driver->calls, driver->failing_call);
}

//===-- Products of cuBLASLt -----------------------------------------------===//

/// The device's program, its predictions a product that a library may do.
class LibraryTest : public DeviceTest {
protected:
  static constexpr int64_t kWorkspace = 768, kWorkspaceBytes = 512;

  nnc_program program = nnc_program_device;
  std::vector<nnc_entry> entries;
  std::vector<nnc_launch> launches[2];
  nnc_product products[2] = {};

  void SetUp() override {
    DeviceTest::SetUp();
    setenv("NNC_CUBLASLT", NNC_FAKE_CUBLASLT, 1);
    auto all = entriesOf(program);
    entries.assign(all.begin(), all.end());
    for (size_t i = 0; i < 2; ++i) {
      nnc_entry &entry = entries[i + 1];
      launches[i].assign(entry.launches, entry.launches + entry.launch_count);
      const int64_t *arguments = launches[i][0].arguments; // the features' place and the predictions'
      products[i] = {NNC_F32,
                     NNC_PRECISION_F32,
                     /*batches=*/1,
                     /*rows=*/entry.batch,
                     /*columns=*/1,
                     /*terms=*/2,
                     {arguments[0], 2, 0, 0},
                     {variablesOf(program)[0].tensor.offset, 1, 0, 0},
                     {arguments[1], 1, 0, 0},
                     /*accumulates=*/0,
                     /*bias=*/variablesOf(program)[1].tensor.offset,
                     /*relu=*/0,
                     kWorkspace,
                     kWorkspaceBytes};
      launches[i][0].product = &products[i];
      entry.launches = launches[i].data();
    }
    program.entries = entries.data();
    program.arena_bytes = kWorkspace + kWorkspaceBytes;
    validateProgram(program, "the program");
  }
  void TearDown() override {
    unsetenv("NNC_CUBLASLT");
    unsetenv("NNC_FAKE_CUBLASLT_BROKEN");
    get<int>("nnc_fake_cublaslt_refuses") = 0;
    EXPECT_EQ(library<int64_t (*)()>("nnc_fake_cublaslt_held")(), 0);
    DeviceTest::TearDown();
  }

  std::shared_ptr<const nnc_program> get() const { return {std::shared_ptr<void>(), &program}; }
  /// What the session says of the library, and the host's bits.
  void expectKernels(const std::string &note) const {
    Session host(linearProgram()), device(get());
    EXPECT_EQ(device.libraryNote(), note);
    expectTheSame(host, device);
  }
  template <typename T> static T library(const char *symbol) {
    return reinterpret_cast<T>(dlsym(dlopen(NNC_FAKE_CUBLASLT, RTLD_NOW), symbol));
  }
  template <typename T> static T &get(const char *symbol) { return *library<T *>(symbol); }
};

TEST_F(LibraryTest, DoesProducts) {
  int64_t before = get<int64_t>("nnc_fake_cublaslt_products");
  Session host(linearProgram()), device(get());
  EXPECT_EQ(device.libraryNote(), "cuBLASLt 13.2.0 does 2 of 2 products that it may");
  for (Session *session : {&host, &device})
    session->initialize(1);
  for (int step = 0; step < 5; ++step)
    EXPECT_NEAR(trainStep(device, step), trainStep(host, step), 1e-5);
  std::vector<float> found = predictions(device), expected = predictions(host);
  for (size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(found[i], expected[i], 1e-5);
  // Captured once an entry, done in each step; of a step's two launches the other is a kernel.
  EXPECT_EQ(driver->captures, 2);
  EXPECT_EQ(get<int64_t>("nnc_fake_cublaslt_products") - before, 6);
  EXPECT_EQ(driver->kernel_launches, 5);
}

TEST_F(LibraryTest, TheCApiTellsToo) {
  nnc_session *session = nnc_session_create(&program, 1), *other = nnc_session_create(&nnc_program_device, 1);
  ASSERT_NE(session, nullptr) << nnc_last_error();
  EXPECT_STREQ(nnc_session_library(session), "cuBLASLt 13.2.0 does 2 of 2 products that it may");
  EXPECT_STREQ(nnc_session_library(other), "");
  nnc_session_destroy(session);
  nnc_session_destroy(other);
}

TEST_F(LibraryTest, IsTimedAsKernelsAre) {
  Session session(get());
  Profile profile(session.program(), 1, 1);
  session.initialize(1);
  session.setProfile(&profile);
  for (int step = 0; step < 3; ++step)
    trainStep(session, step);
  constexpr int64_t kMillisecond = 1000000;
  for (const KernelTime &kernel : profile.entries()[0].kernels)
    EXPECT_EQ(kernel.nanoseconds, 2 * kMillisecond);
}

TEST_F(LibraryTest, KernelsRunWhereThereIsNone) {
  setenv("NNC_CUBLASLT", "/no/library.so", 1);
  expectKernels("no cuBLASLt (/no/library.so: cannot open shared object file: No such file or directory); own kernels "
                "do all products");
}

TEST_F(LibraryTest, KernelsRunWhereItDoesNotStart) {
  setenv("NNC_FAKE_CUBLASLT_BROKEN", "1", 1);
  expectKernels("no cuBLASLt (cuBLASLt's cublasLtCreate: CUBLAS_STATUS_NOT_INITIALIZED, the library was not "
                "initialized); own kernels do all products");
}

TEST_F(LibraryTest, KernelsRunWhereItHasNoWay) {
  get<int>("nnc_fake_cublaslt_refuses") = 1;
  expectKernels("cuBLASLt 13.2.0 does 0 of 2 products that it may (cuBLASLt's cublasLtMatmulAlgoGetHeuristic: "
                "CUBLAS_STATUS_NOT_SUPPORTED, the functionality is not supported)");
}

TEST_F(LibraryTest, OneKernelRunsWhereItRefusesOneProduct) {
  products[0].a.leading = 1; // of rows of two
  Session host(linearProgram()), device(get());
  EXPECT_EQ(device.libraryNote(),
            "cuBLASLt 13.2.0 does 1 of 2 products that it may (cuBLASLt's "
            "cublasLtMatmulAlgoGetHeuristic: CUBLAS_STATUS_INVALID_VALUE, an unsupported value or "
            "parameter was passed)");
  for (Session *session : {&host, &device})
    session->initialize(1);
  for (int step = 0; step < 5; ++step)
    EXPECT_EQ(trainStep(device, step), trainStep(host, step));
}

//===-- Pinned memory ------------------------------------------------------===//

TEST_F(DeviceTest, CopiesKeepToOneSideOfPinnedPages) {
  constexpr int64_t kPage = 4096;
  Arena arena(8 * kPage, {});
  Gpu gpu;
  {
    PinnedMemory pinned(gpu, arena.data(), {{5 * kPage + 8, 8}, {kPage + 64, 64}, {2 * kPage - 8, 8}});
    EXPECT_EQ(driver->held, 1 + 2);
    EXPECT_EQ(pinned.locate({kPage + 64, 64}), arena.data() + kPage + 64);
    auto offsets = [&](nnc_span span) {
      std::vector<int64_t> cuts;
      for (const nnc_span &part : pinned.cut(span)) {
        EXPECT_TRUE(cuts.empty() || cuts.back() == part.offset);
        if (cuts.empty())
          cuts.push_back(part.offset);
        cuts.push_back(part.offset + part.bytes);
      }
      return cuts;
    };
    EXPECT_EQ(offsets({0, 100}), (std::vector<int64_t>{0, 100}));
    EXPECT_EQ(offsets({100, kPage}), (std::vector<int64_t>{100, kPage, kPage + 100}));
    EXPECT_EQ(offsets({0, 8 * kPage}), (std::vector<int64_t>{0, kPage, 2 * kPage, 5 * kPage, 6 * kPage, 8 * kPage}));
    EXPECT_EQ(offsets({kPage, kPage}), (std::vector<int64_t>{kPage, 2 * kPage}));
    EXPECT_EQ(offsets({0, 0}), (std::vector<int64_t>{}));
  }
  driver->refuses_to_register = 1;
  PinnedMemory copied(gpu, arena.data(), {{kPage + 64, 64}});
  std::byte *place = copied.locate({kPage + 80, 4});
  EXPECT_NE(place, arena.data() + kPage + 80);
  *place = std::byte(4);
  copied.pull({kPage + 80, 4});
  EXPECT_EQ(arena.data()[kPage + 80], std::byte(4));
}

} // namespace
