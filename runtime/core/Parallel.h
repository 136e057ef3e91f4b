// How many threads the parallel loops of compiled code use. The loop itself is `nnc_rt_parallel_for` of program.h.
#pragma once

namespace nnc {

/// Processors this process may run on.
int availableThreads();

/// How the tasks of a loop come to its workers.
enum class Schedule {
  threads, ///< each worker is a thread, and takes a next task when it is done with one
  turns,   ///< the workers take turns on the calling thread: the same tasks for the same worker every time
};

struct Workers {
  int count = 1;
  Schedule schedule = Schedule::threads;
};

/// Sets the workers for entries run by the calling thread while it lives. Without one there is one worker.
class WorkerScope {
public:
  explicit WorkerScope(int count, Schedule schedule = Schedule::threads);
  ~WorkerScope();

private:
  Workers previous;
};

} // namespace nnc
