// The emulator of GPU kernels, on kernels written in C++; and what it knows of accesses to memory.
#include "core/Emulator.h"
#include "core/Accesses.h"
#include "core/Error.h"
#include "core/Parallel.h"
#include "nnc/program.h"
#include <gtest/gtest.h>
#include <vector>

using namespace nnc;

namespace {

constexpr char kHere[] = "here", kThere[] = "there";

/// A context begins with the arena's address.
struct Context {
  int64_t *arena;
};

void launch(nnc_emulated_body body, std::vector<int64_t> &arena, int64_t blocks, int64_t threads, int64_t sharedBytes,
            int64_t flags) {
  Context context{arena.data()};
  nnc_rt_emulate("kernel", body, &context, blocks, threads, sharedBytes, arena.size() * sizeof(int64_t), flags,
                 /*product=*/nullptr);
}

/// The error of a kernel that must have one.
std::string getError(nnc_emulated_body body, int64_t blocks, int64_t threads, int64_t flags) {
  std::vector<int64_t> arena(64);
  EmulationScope scope;
  launch(body, arena, blocks, threads, 64, flags);
  try {
    scope.check();
  } catch (const Error &error) {
    return error.what();
  }
  return "";
}

/// Turns the numbers of a block around, through shared memory.
void turn(void *context, nnc_emulated_thread *thread) {
  auto *arena = static_cast<Context *>(context)->arena + thread->block * thread->threads;
  auto *shared = static_cast<int64_t *>(thread->shared);
  shared[thread->thread] = arena[thread->thread];
  nnc_rt_emulate_barrier(thread, kHere);
  arena[thread->thread] = shared[thread->threads - 1 - thread->thread];
}

TEST(Emulator, RunsBlocksOnAnyNumberOfWorkers) {
  for (int workers : {1, 3}) {
    constexpr int64_t kBlocks = 50, kThreads = 40;
    std::vector<int64_t> arena(kBlocks * kThreads);
    for (int64_t i = 0; i < kBlocks * kThreads; ++i)
      arena[i] = i;
    Workers pool(workers);
    WorkerScope scope(pool);
    launch(turn, arena, kBlocks, kThreads, kThreads * 8, 0);
    for (int64_t i = 0; i < kBlocks * kThreads; ++i)
      EXPECT_EQ(arena[i], i / kThreads * kThreads + kThreads - 1 - i % kThreads);
  }
}

TEST(Emulator, PoisonsSharedMemory) {
  std::vector<int64_t> arena(1);
  nnc_emulated_body read = [](void *context, nnc_emulated_thread *thread) {
    *static_cast<Context *>(context)->arena = *static_cast<int64_t *>(thread->shared);
    *static_cast<int64_t *>(thread->shared) = 7; // the next block does not see it
  };
  launch(read, arena, 2, 1, 8, 0);
  EXPECT_EQ(arena[0], -1);
}

void stopInBlockThreeAndFive(void *, nnc_emulated_thread *thread) {
  if ((thread->block == 3 || thread->block == 5) && thread->thread == 1)
    return;
  nnc_rt_emulate_barrier(thread, kHere);
}

TEST(Emulator, TellsTheFirstBlocksError) {
  for (int workers : {1, 4}) {
    Workers pool(workers);
    WorkerScope scope(pool);
    EXPECT_EQ(getError(stopInBlockThreeAndFive, 8, 2, 0),
              "kernel 'kernel', block 3: thread 0 waits at here, but thread 1 has ended");
  }
}

TEST(Emulator, RunsNothingAfterAnError) {
  std::vector<int64_t> arena(64);
  EmulationScope scope;
  launch(stopInBlockThreeAndFive, arena, 8, 2, 0, 0);
  nnc_emulated_body write = [](void *context, nnc_emulated_thread *) { *static_cast<Context *>(context)->arena = 1; };
  launch(write, arena, 1, 1, 0, 0);
  EXPECT_EQ(arena[0], 0);
  EXPECT_THROW(scope.check(), Error);
  {
    EmulationScope inner;
    launch(write, arena, 1, 1, 0, 0);
    inner.check();
  }
  EXPECT_EQ(arena[0], 1);
}

TEST(Emulator, WithoutAScopeEndsTheProcess) {
  std::vector<int64_t> arena(64);
  EXPECT_EXIT(launch(stopInBlockThreeAndFive, arena, 8, 2, 0, 0), testing::ExitedWithCode(1),
              "error: kernel 'kernel', block 3: thread 0 waits at here, but thread 1 has ended");
}

TEST(Emulator, WantsAGridBarrierToBeAnnounced) {
  nnc_emulated_body wait = [](void *, nnc_emulated_thread *thread) { nnc_rt_emulate_grid_barrier(thread, kHere); };
  EXPECT_EQ(getError(wait, 2, 2, NNC_COOPERATIVE), "");
  EXPECT_EQ(getError(wait, 2, 2, 0), "kernel 'kernel' waits for other blocks at here, but is not launched as one whose "
                                     "blocks are all there at once");
}

Access access(uint32_t block, uint32_t thread, uint32_t epoch, const char *place = kHere) {
  Access result;
  result.place = place;
  result.block = block;
  result.thread = thread;
  result.epoch = epoch;
  return result;
}

TEST(Accesses, ThreadsOfABlockAreOrderedByBarriers) {
  AccessHistory history;
  EXPECT_FALSE(history.write(64, 4, access(0, 0, 0)));
  EXPECT_FALSE(history.read(64, 4, access(0, 0, 0)));
  EXPECT_FALSE(history.read(64, 4, access(0, 1, 1)));
  EXPECT_FALSE(history.read(64, 4, access(0, 2, 1)));
  EXPECT_FALSE(history.read(64, 4, access(0, 1, 1)));
  std::optional<Race> race = history.write(60, 8, access(0, 1, 1));
  ASSERT_TRUE(race);
  EXPECT_EQ(race->place, 64);
  EXPECT_EQ(race->earlier.thread, 2u);
  EXPECT_FALSE(race->earlierWrites);
  EXPECT_FALSE(history.write(64, 4, access(0, 1, 2)));
  EXPECT_TRUE(history.write(64, 4, access(0, 2, 2)));
  history.clear();
  EXPECT_FALSE(history.write(64, 4, access(0, 2, 2)));
}

TEST(Accesses, BlocksAreNotOrdered) {
  // A read of another block is remembered, however many of the block's own come after it.
  AccessHistory history;
  EXPECT_FALSE(history.read(0, 4, access(1, 0, 0)));
  for (uint32_t epoch = 0; epoch < 3; ++epoch)
    for (uint32_t thread = 0; thread < 3; ++thread)
      EXPECT_FALSE(history.read(0, 4, access(2, thread, epoch)));
  std::optional<Race> race = history.write(0, 4, access(2, 0, 3));
  ASSERT_TRUE(race);
  EXPECT_EQ(race->earlier.block, 1u);
  EXPECT_FALSE(history.write(4, 4, access(1, 0, 0)));
  EXPECT_TRUE(history.read(4, 4, access(2, 0, 7)));
}

TEST(Accesses, TellsBytesApart) {
  AccessHistory history;
  EXPECT_FALSE(history.write(0, 4, access(0, 0, 0)));
  EXPECT_FALSE(history.write(8, 2, access(0, 1, 0)));
  EXPECT_FALSE(history.write(10, 2, access(0, 2, 0)));
  EXPECT_TRUE(history.read(11, 1, access(0, 1, 0)));
  EXPECT_TRUE(history.write(3, 1, access(0, 1, 0)));
  // Over the end of a page.
  EXPECT_FALSE(history.write(4092, 8, access(0, 0, 0)));
  EXPECT_TRUE(history.read(4096, 4, access(0, 1, 0)));
}

TEST(Accesses, ACopysTargetIsNobodysUntilItEnds) {
  AccessHistory history;
  EXPECT_FALSE(history.beginCopy(0, 16, access(0, 0, 0, kThere)));
  std::optional<Race> race = history.read(12, 4, access(0, 0, 1));
  ASSERT_TRUE(race);
  EXPECT_TRUE(race->earlier.isPending);
  EXPECT_EQ(race->earlier.place, kThere);
  EXPECT_TRUE(history.beginCopy(0, 4, access(0, 0, 1)));
  EXPECT_FALSE(history.endCopy(0, 16, access(0, 0, 2)));
  EXPECT_FALSE(history.read(12, 4, access(0, 0, 2)));
  EXPECT_TRUE(history.read(8, 4, access(0, 1, 2)));
  EXPECT_FALSE(history.read(4, 4, access(0, 1, 3)));
}

} // namespace
