// `nnc_rt_parallel_for` on a pool of threads. Which worker runs a task never changes a result, because programs
// partition work by shape alone.
#include "core/Parallel.h"
#include "core/Profile.h"
#include "core/WorkerPool.h"
#include "nnc/program.h"
#include <sched.h>

namespace nnc {
namespace {

thread_local WorkerScope::Lent current;

} // namespace

int availableThreads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

void Workers::PoolDeleter::operator()(WorkerPool *pool) const {
  if (pool->isOfThisProcess())
    delete pool;
}

WorkerScope::WorkerScope(Workers &workers) : previous(current) {
  bool usesThreads = workers.number > 1 && workers.schedule == Schedule::threads;
  // A process that was forked has to start its own.
  if (usesThreads && (!workers.pool || !workers.pool->isOfThisProcess()))
    workers.pool.reset(new WorkerPool(workers.number));
  current = {workers.number, usesThreads ? workers.pool.get() : nullptr};
}

WorkerScope::~WorkerScope() { current = previous; }

} // namespace nnc

extern "C" void nnc_rt_parallel_for(nnc_parallel_body body, void *context, int64_t taskCount) {
  nnc::LoopTimer timer;
  nnc::TimedBody timed{timer.profile(), body, context};
  if (timed.profile) {
    body = nnc::TimedBody::run;
    context = &timed;
  }
  auto [workers, pool] = nnc::current;
  if (pool && taskCount > 1)
    return pool->run(body, context, taskCount);
  for (int64_t task = 0; task < taskCount; ++task)
    body(context, task, task % workers);
}
