// nnc_time_entry: runs an entry of a compiled program `count` times on `threads` threads. What matmul_nnc.py times,
// without a session around it, whose copies of inputs and outputs the other contestants do not make either.
#include "core/Parallel.h"
#include "nnc/program.h"

extern "C" void nnc_time_entry(const nnc_entry *entry, void *arena, int threads, int64_t count) {
  static nnc::Workers workers(threads);
  if (workers.count() != threads)
    workers = nnc::Workers(threads);
  nnc::WorkerScope scope(workers);
  for (int64_t i = 0; i < count; ++i)
    entry->run(arena);
}
