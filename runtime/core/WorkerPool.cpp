// Threads that share the tasks of parallel loops; see WorkerPool.h.
//
// OpenMP's loops end when every thread has come to their end. On a machine that is busy with something else one of them
// is often not running, and the others wait for it a time slice long, in each loop. Here a loop ends when its tasks are
// done, whoever did them.
#include "core/WorkerPool.h"
#include "core/Subnormals.h"
#include <chrono>
#include <sched.h>
#include <system_error>
#include <unistd.h>

namespace nnc {
namespace {

/// How long a thread spins before it sleeps, from which it would take some 50 µs to wake: longer than what lies between
/// the loops of a step, and than what one worker's last task takes longer than another's; much shorter than a time
/// slice, for which the thread that is waited for may have lost its processor.
constexpr std::chrono::microseconds kSpin(200);

/// How long of that it spins without asking the system whether something else has to run on its processor.
constexpr std::chrono::microseconds kSpinAlone(20);

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Whether a condition becomes true within a few looks at it, about a microsecond.
template <typename Condition> bool becomesTrue(Condition condition) {
  constexpr int kLooks = 64;
  for (int i = 0; i < kLooks; ++i) {
    if (condition())
      return true;
    relax();
  }
  return false;
}

template <typename Condition> bool spinUntil(Condition condition) {
  if (becomesTrue(condition))
    return true;
  auto start = std::chrono::steady_clock::now(), time = start;
  while (time < start + kSpin) {
    if (becomesTrue(condition))
      return true;
    if (time >= start + kSpinAlone)
      sched_yield();
    time = std::chrono::steady_clock::now();
  }
  return false;
}

} // namespace

template <typename Condition> void Waiting::until(Condition condition) {
  if (spinUntil(condition))
    return;
  std::unique_lock lock(mutex);
  // In one order with the change and the look at `sleepers` in tell(): one of the two threads sees the other.
  ++sleepers;
  changed.wait(lock, condition);
  --sleepers;
}

void Waiting::tell() {
  if (sleepers == 0)
    return;
  std::lock_guard lock(mutex);
  changed.notify_all();
}

WorkerPool::WorkerPool(int workers) : shares(workers), process(getpid()) {
  threads.reserve(workers - 1);
  try {
    for (int64_t worker = 1; worker < workers; ++worker)
      threads.emplace_back([this, worker] { serve(worker); });
  } catch (const std::system_error &) {
    // The threads that there are do.
  }
}

WorkerPool::~WorkerPool() {
  stopped = true;
  forTasks.tell();
  for (std::thread &thread : threads)
    thread.join();
}

bool WorkerPool::isOfThisProcess() const { return process == getpid(); }

void WorkerPool::run(nnc_parallel_body newBody, void *newContext, int64_t taskCount) {
  body = newBody;
  context = newContext;
  unfinished.store(taskCount, std::memory_order_relaxed);
  int64_t workers = shares.size(), begin = 0;
  for (int64_t worker = 0; worker < workers; ++worker) {
    int64_t end = taskCount * (worker + 1) / workers;
    shares[worker].end = end;
    // Whoever takes a task by it, also one that comes late from an earlier loop, sees all that stands above.
    shares[worker].untaken.store(end - begin, std::memory_order_release);
    begin = end;
  }
  ++loop;
  forTasks.tell();
  runTasks(0);
  forEnd.until([&] { return unfinished == 0; });
}

void WorkerPool::serve(int64_t worker) {
  SubnormalsAreZeros subnormals;
  int64_t seen = 0;
  while (true) {
    forTasks.until([&] { return loop != seen || stopped; });
    if (stopped)
      return;
    seen = loop;
    runTasks(worker);
  }
}

void WorkerPool::runTasks(int64_t worker) {
  int64_t workers = shares.size(), done = 0;
  for (int64_t i = 0; i < workers; ++i)
    done += runTasksOf(shares[(worker + i) % workers], worker);
  if (done > 0 && (unfinished -= done) == 0)
    forEnd.tell();
}

/// How many of them this worker ran.
int64_t WorkerPool::runTasksOf(Share &share, int64_t worker) {
  int64_t done = 0;
  for (int64_t left = share.untaken; left > 0;) {
    if (!share.untaken.compare_exchange_weak(left, left - 1))
      continue;
    body(context, share.end - left, worker);
    ++done;
    left = share.untaken;
  }
  return done;
}

} // namespace nnc
