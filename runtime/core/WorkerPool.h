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
  /// Each worker begins with tasks of its own, side by side, so that loops over the same memory find it in the caches
  /// of the worker that had it before; a worker that has none left takes others'. The calling thread is worker 0. It
  /// never waits for a thread that has no task: one that the system runs later, as on a busy machine, finds that the
  /// others did its work.
  void run(nnc_parallel_body body, void *context, int64_t taskCount);

private:
  void serve(int64_t worker);
  /// The tasks that are a worker's own, as far as nobody has taken them: the last `untaken` ones before `end`.
  struct alignas(64) Share {
    std::atomic<int64_t> untaken{0};
    int64_t end = 0;
  };
  void runTasks(int64_t worker);
  int64_t runTasksOf(Share &share, int64_t worker);

  // The loop that runs, set while no task of it can be had; and with it, the ends of shares.
  nnc_parallel_body body = nullptr;
  void *context = nullptr;
  /// Which loop it is: a worker that has seen it need not look for its tasks again.
  alignas(64) std::atomic<int64_t> loop{0};
  /// Tasks that are not done. Who takes one makes sure that it is counted here as not done until it is: the loop above
  /// then stays what it is. Each has a cache line of its own, and so have the fields above.
  alignas(64) std::atomic<int64_t> unfinished{0};
  alignas(64) std::atomic<bool> stopped{false};
  Waiting forTasks, forEnd;
  std::vector<Share> shares; // by worker

  std::vector<std::thread> threads;
  int process;
};

} // namespace nnc
