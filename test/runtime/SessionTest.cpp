// Memory and threads of a session.
#include "core/Session.h"
#include "Support.h"
#include "core/Parallel.h"
#include <atomic>
#include <chrono>
#include <cstring>
#include <limits>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace nnc;
using namespace nnc::test;

namespace {

TEST(Arena, IsAlignedZeroedAndGuarded) {
  Arena plain(100, {});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(plain.data()) % NNC_ALIGNMENT, 0u);
  for (int i = 0; i < 100; ++i)
    EXPECT_EQ(plain.data()[i], std::byte(0));
  Arena large(5 << 20, {});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(large.data()) % (2 << 20), 0u);

  ArenaOptions options;
  options.guard = Guard::atEnd;
  options.poison = true;
  options.pattern = 0xab;
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  Arena guarded(128, options);
  EXPECT_EQ(guarded.data()[127], std::byte(0xab));
  EXPECT_DEATH(guarded.data()[128] = std::byte(1), "");
  EXPECT_DEATH(guarded.data()[-4096] = std::byte(1), "");
  options.guard = Guard::atStart;
  Arena atStart(128, options);
  EXPECT_EQ(atStart.data()[0], std::byte(0xab));
  EXPECT_DEATH(atStart.data()[-1] = std::byte(1), "");
}

TEST(Arena, RefusesWhatNoMachineHas) {
  EXPECT_ERROR(Arena(int64_t(1) << 60, {}), "cannot get");
  // The kernel would promise this one.
  EXPECT_ERROR(Arena(int64_t(1) << 44, {}), "are available");
}

struct Visits {
  std::vector<std::atomic<int>> tasks, busy;
  std::atomic<bool> shared{false};
  Visits(int64_t taskCount, int workers) : tasks(taskCount), busy(workers) {}
  static void body(void *context, int64_t task, int64_t worker) {
    auto &visits = *static_cast<Visits *>(context);
    if (visits.busy[worker].fetch_add(1) != 0)
      visits.shared = true;
    ++visits.tasks[task];
    visits.busy[worker].fetch_sub(1);
  }
};

void expectAllRun(Workers &workers, int64_t count) {
  Visits visits(count, workers.count());
  WorkerScope scope(workers);
  nnc_rt_parallel_for(&Visits::body, &visits, count);
  for (auto &task : visits.tasks)
    EXPECT_EQ(task, 1);
  EXPECT_FALSE(visits.shared);
}

TEST(Parallel, RunsEachTaskOnceAndNoWorkerTwiceAtATime) {
  for (int number : {1, 2, 3, 8}) {
    Workers workers(number);
    for (int64_t count : {0, 1, 2, 3, 7, 100})
      expectAllRun(workers, count);
  }
}

TEST(Parallel, RunsLoopAfterLoop) {
  Workers workers(3);
  for (int i = 0; i < 20000; ++i)
    expectAllRun(workers, i % 9);
}

TEST(Parallel, WakesWorkersThatSleep) {
  Workers workers(3);
  for (int i = 0; i < 20; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    expectAllRun(workers, 7);
  }
}

TEST(Parallel, RunsSideBySide) {
  std::vector<std::thread> hosts;
  for (int host = 0; host < 3; ++host)
    hosts.emplace_back([] {
      Workers workers(2);
      for (int i = 0; i < 2000; ++i)
        expectAllRun(workers, 5);
    });
  for (std::thread &host : hosts)
    host.join();
}

TEST(Parallel, RunsInAForkedProcess) {
  Workers workers(2);
  expectAllRun(workers, 5);
  pid_t child = fork();
  if (child == 0) {
    {
      Workers own = std::move(workers); // destroyed in the child, too
      expectAllRun(own, 5);
    }
    _exit(testing::Test::HasFailure());
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  expectAllRun(workers, 5);
}

TEST(Parallel, WorkersTakeTurnsOnOneThread) {
  struct Turns {
    std::vector<int64_t> workers;
    std::thread::id thread = std::this_thread::get_id();
    static void body(void *context, int64_t task, int64_t worker) {
      auto &turns = *static_cast<Turns *>(context);
      EXPECT_EQ(static_cast<int64_t>(turns.workers.size()), task);
      EXPECT_EQ(turns.thread, std::this_thread::get_id());
      turns.workers.push_back(worker);
    }
  } turns;
  Workers workers(3, Schedule::turns);
  WorkerScope scope(workers);
  nnc_rt_parallel_for(&Turns::body, &turns, 5);
  EXPECT_EQ(turns.workers, (std::vector<int64_t>{0, 1, 2, 0, 1}));
}

TEST(Parallel, SubnormalsAreZerosToAllWorkers) {
  struct Products {
    std::atomic<int> others{0}; // than zero
    static void body(void *context, int64_t, int64_t) {
      volatile float least = std::numeric_limits<float>::min(), smallest = std::numeric_limits<float>::denorm_min();
      if (least * 0.5f != 0 || smallest * 0x1p100f != 0)
        ++static_cast<Products *>(context)->others;
    }
  } products;
  Workers workers(3);
  {
    WorkerScope scope(workers);
    nnc_rt_parallel_for(&Products::body, &products, 1000);
  }
  EXPECT_EQ(products.others, 0);
  // What the thread computes for itself is as it was.
  Products::body(&products, 0, 0);
  EXPECT_EQ(products.others, 1);
}

TEST(Session, RefusesImpossibleThreadCounts) {
  SessionOptions options;
  options.threads = -1;
  EXPECT_ERROR(Session(tokensProgram(), options), "between 1 and");
}

TEST(Session, SameBitsOnAnyArena) {
  auto variablesAfterInit = [](uint8_t pattern) {
    SessionOptions options;
    options.arena = {.guard = Guard::atEnd, .poison = true, .pattern = pattern};
    Session session(tokensProgram(), options);
    session.initialize(7);
    return std::string(reinterpret_cast<const char *>(session.memory().data()), 600);
  };
  EXPECT_EQ(variablesAfterInit(0x00), variablesAfterInit(0xff));
}

} // namespace
