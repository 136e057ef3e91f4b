// Who runs the parallel loops of compiled code. The loop itself is `nnc_rt_parallel_for` of program.h.
#pragma once
#include "core/Subnormals.h"
#include <memory>

namespace nnc {

class WorkerPool;

/// Processors this process may run on.
int availableThreads();

/// How the tasks of a loop come to its workers.
enum class Schedule {
  threads, ///< each worker is a thread, and takes a next task when it is done with one
  turns,   ///< the workers take turns on the calling thread: the same tasks for the same worker every time
};

/// The workers of an entry's loops. Their threads start when they are first lent.
class Workers {
public:
  explicit Workers(int count, Schedule schedule = Schedule::threads) : number(count), schedule(schedule) {}
  int count() const { return number; }

private:
  friend class WorkerScope;
  struct PoolDeleter {
    void operator()(WorkerPool *pool) const;
  };
  int number;
  Schedule schedule;
  std::unique_ptr<WorkerPool, PoolDeleter> pool;
};

/// Lends workers to the entries that the calling thread runs while it lives. Without one there is one worker. To all of
/// them subnormal numbers are zeros.
class WorkerScope {
public:
  explicit WorkerScope(Workers &workers);
  ~WorkerScope();

  struct Lent {
    int count = 1;
    WorkerPool *pool = nullptr; // null: turns on the calling thread
  };

private:
  Lent previous;
  SubnormalsAreZeros subnormals;
};

} // namespace nnc
