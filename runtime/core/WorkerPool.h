// Threads that share the tasks of parallel loops with the thread that runs the loop.
#pragma once
#include "nnc/program.h"
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace nnc {

/// Where threads wait for what another thread does: they spin for a while, then sleep.
class Waiting {
public:
  template <typename Condition> void until(Condition condition);
  /// To be called after a change that may have made a condition true.
  void tell();

private:
  std::atomic<int> sleepers{0};
  std::mutex mutex;
  std::condition_variable changed;
};

class WorkerPool {
public:
  /// Starts `workers` - 1 threads, or fewer where the system gives no more: the tasks are done all the same.
  explicit WorkerPool(int workers);
  ~WorkerPool();

  /// Whether this process started the threads. One that was forked from it has none, and can destroy no pool that has
  /// some.
  bool isOfThisProcess() const;

  /// Calls body(context, task, worker) for each task, each once, on any of the workers, and returns when all are done.
  /// The calling thread is worker 0. It never waits for a thread that has no task: one that the system runs later, as
  /// on a busy machine, finds that the others did its work.
  void run(nnc_parallel_body body, void *context, int64_t taskCount);

private:
  void serve(int64_t worker);
  void runTasks(int64_t worker);

  // The loop that runs, set while no task of it can be had.
  nnc_parallel_body body = nullptr;
  void *context = nullptr;
  int64_t taskCount = 0;
  /// Tasks that no worker has taken, and that are not done. Who takes one makes sure that it is counted here as not
  /// done until it is: the loop above then stays what it is. Each has a cache line of its own, and so have the fields
  /// above.
  alignas(64) std::atomic<int64_t> untaken{0};
  alignas(64) std::atomic<int64_t> unfinished{0};
  alignas(64) std::atomic<bool> stopped{false};
  Waiting forTasks, forEnd;

  std::vector<std::thread> threads;
  int process;
};

} // namespace nnc
