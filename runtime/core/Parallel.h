// How many threads the parallel loops of compiled code use. The loop itself is `nnc_rt_parallel_for` of program.h.
#pragma once

namespace nnc {

/// Processors this process may run on.
int availableThreads();

/// Sets the number of workers for entries run by the calling thread while it lives. Without one there is one worker.
class WorkerScope {
public:
  explicit WorkerScope(int workers);
  ~WorkerScope();

private:
  int previous;
};

} // namespace nnc
