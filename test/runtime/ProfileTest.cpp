// What a profile records of the runs of a program that says when its kernels start.
#include "core/Profile.h"
#include "Support.h"
#include "core/Roofline.h"
#include "core/Session.h"
#include <thread>

using namespace nnc;
using namespace nnc::test;

namespace {

constexpr int64_t kTasks = 4;

void work(void *, int64_t, int64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

/// A parallel loop, then serial code.
void run(void *) {
  nnc_rt_profile(0);
  nnc_rt_parallel_for(&work, nullptr, kTasks);
  nnc_rt_profile(1);
  work(nullptr, 0, 0);
  nnc_rt_profile(-1);
}

const nnc_kernel kKernels[] = {{"m.dense.forward.0", "m.dense", "forward", "m.mlir:1:1", kTasks, 100, 10},
                               {"update.serial_0", "", "update", "", 1, 0, 20}};
const nnc_entry kEntries[] = {{"fit.train", "fit", NNC_TRAIN, 0, 1, 0, nullptr, 0, nullptr, &run, 0, nullptr, 0,
                               nullptr, 2, kKernels, 0, nullptr},
                              {"m.predict", "m", NNC_PREDICT, 0, 1, 0, nullptr, 0, nullptr, &run, 0, nullptr, 0,
                               nullptr, 0, nullptr, 0, nullptr}};
const nnc_program kProgram = {NNC_ABI_VERSION, 0, "m",      "test", "by hand", 64, 0, 0, 0,
                              nullptr,         2, kEntries, 0,      nullptr};

Session makeSession(int threads) {
  SessionOptions options;
  options.threads = threads;
  return Session({std::shared_ptr<void>(), &kProgram}, options);
}

TEST(Profile, TimesKernelsWithoutTheFirstRunWhereThereAreMore) {
  validateProgram(kProgram, "the program");
  for (int threads : {1, 2}) {
    Session session = makeSession(threads);
    Profile profile(kProgram, threads, /*tracedRuns=*/2);
    session.setProfile(&profile);
    ASSERT_EQ(profile.entries().size(), 1u);
    const EntryProfile &train = profile.entries()[0];
    session.run(kEntries[0]);
    EXPECT_EQ(train.runs, 1);
    session.run(kEntries[1]); // has no kernels: not recorded
    session.run(kEntries[0]);
    session.run(kEntries[0]);
    EXPECT_EQ(train.runs, 2);
    EXPECT_GE(train.kernels[0].nanoseconds, 2 * kTasks / threads * 1000000);
    EXPECT_GE(train.kernels[0].busyNanoseconds, 2 * kTasks * 1000000);
    EXPECT_LE(train.kernels[0].busyNanoseconds, threads * train.kernels[0].nanoseconds);
    EXPECT_EQ(train.kernels[1].busyNanoseconds, train.kernels[1].nanoseconds);
    EXPECT_EQ(train.nanoseconds(), train.kernels[0].nanoseconds + train.kernels[1].nanoseconds);
  }
}

TEST(Profile, KeepsTheEventsOfTheFirstRuns) {
  Session session = makeSession(2);
  Profile profile(kProgram, 2, /*tracedRuns=*/2);
  session.setProfile(&profile);
  for (int i = 0; i < 3; ++i)
    session.run(kEntries[0]);
  int64_t runs = 0, kernels = 0, works = 0;
  for (const TraceEvent &event : profile.events()) {
    EXPECT_LE(event.start, event.end);
    ++(event.kernel < 0 ? runs : event.worker < 0 ? kernels : works);
  }
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(kernels, 4);
  EXPECT_GE(works, 2); // A worker that came too late for any task still was there.
}

TEST(Profile, RecordsNothingThatNobodyAskedFor) {
  Session session = makeSession(2);
  Profile profile(kProgram, 2, /*tracedRuns=*/2);
  session.run(kEntries[0]);
  run(nullptr);
  EXPECT_EQ(profile.entries()[0].runs, 0);
  EXPECT_TRUE(profile.events().empty());
}

TEST(Roofline, IsThePlaceWhereArithmeticAndMemoryMeet) {
  Roofline roofline{100, 10};
  auto makeKernel = [](int64_t flops, int64_t bytes, int64_t tensorFlops) -> nnc_kernel {
    return {"k", "", "", "", 1, flops, bytes, tensorFlops};
  };
  EXPECT_EQ(roofline.seconds(makeKernel(1000, 10, 0), NNC_PRECISION_F32), 10);
  EXPECT_EQ(roofline.seconds(makeKernel(10, 1000, 0), NNC_PRECISION_F32), 100);
  // Nothing is known of its tensor cores, whose work then takes no time.
  EXPECT_EQ(roofline.seconds(makeKernel(1000, 10, 600), NNC_PRECISION_TF32), 4);
  roofline.tf32Flops = 50;
  roofline.bf16Flops = 400;
  EXPECT_EQ(roofline.seconds(makeKernel(1000, 10, 600), NNC_PRECISION_TF32), 12);
  EXPECT_EQ(roofline.seconds(makeKernel(1000, 10, 600), NNC_PRECISION_BF16), 4);
  Roofline measured = measureRoofline(2);
  EXPECT_GT(measured.flops, 1e8);
  EXPECT_GT(measured.bytes, 1e8);
}

} // namespace
