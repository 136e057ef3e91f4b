// `nnc_rt_parallel_for` on OpenMP. Tasks are handed out by a counter, each worker starting with the task of its own
// number: which worker runs a task never changes a result, because programs partition work by shape alone.
//
// libomp's threads wait for the next region by spinning (about 1 µs from fork to join; a sleeping thread takes 50 µs to
// wake) and go to sleep when none comes for a while; OMP_WAIT_POLICY and KMP_BLOCKTIME overrule that.
#include "core/Parallel.h"
#include "core/Profile.h"
#include <atomic>
#include <cstdlib>
#include <omp.h>
#include <sched.h>

namespace nnc {
namespace {

thread_local Workers current;

/// How long a thread spins before it sleeps. Longer than what lies between the regions of a step, shorter than a user
/// would notice after one.
constexpr int kSpinMilliseconds = 20;

void configureWaiting() {
#ifdef KMP_VERSION_MAJOR
  if (!std::getenv("OMP_WAIT_POLICY") && !std::getenv("KMP_BLOCKTIME"))
    kmp_set_blocktime(kSpinMilliseconds);
#endif
}

} // namespace

int availableThreads() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0)
    return 1;
  int count = CPU_COUNT(&set);
  return count > 0 ? count : 1;
}

WorkerScope::WorkerScope(int count, Schedule schedule) : previous(current) {
  static const bool configured = (configureWaiting(), true);
  (void)configured;
  current = {count, schedule};
}

WorkerScope::~WorkerScope() { current = previous; }

} // namespace nnc

extern "C" void nnc_rt_parallel_for(nnc_parallel_body body, void *context, int64_t taskCount) {
  // Always the same number of threads: libomp rebuilds its team when that changes.
  int64_t workers = nnc::current.count;
  nnc::LoopTimer timer;
  if (workers == 1 || taskCount <= 1 || nnc::current.schedule == nnc::Schedule::turns) {
    nnc::WorkTimer work(timer, 0);
    for (int64_t task = 0; task < taskCount; ++task)
      body(context, task, task % workers);
    return;
  }
  std::atomic<int64_t> next{workers};
#pragma omp parallel num_threads(static_cast<int>(workers))
  {
    int64_t worker = omp_get_thread_num();
    int64_t team = omp_get_num_threads(); // OpenMP may give fewer threads than asked for.
    nnc::WorkTimer work(timer, worker);
    for (int64_t task = worker; task < workers && task < taskCount; task += team)
      body(context, task, worker);
    for (int64_t task = next.fetch_add(1, std::memory_order_relaxed); task < taskCount;
         task = next.fetch_add(1, std::memory_order_relaxed))
      body(context, task, worker);
  }
}
