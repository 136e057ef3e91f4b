// Where the time of a profiled program's entries goes: the program says when each of its kernels starts
// (nnc_rt_profile), the parallel loop how long each worker had work. All memory is there from the start: a step
// allocates nothing.
#pragma once
#include "core/Program.h"
#include <chrono>
#include <vector>

namespace nnc {

/// A piece of time on one thread, in nanoseconds since the profile was made.
struct TraceEvent {
  const nnc_entry *entry;
  int64_t kernel; // of the entry; -1: the entry as a whole
  int64_t worker; // whose work on a parallel loop it is; -1: it is the entry's or the kernel's whole time
  int64_t start, end;
};

/// What one kernel took, over the runs of its entry that count.
struct KernelTime {
  int64_t nanoseconds = 0;
  /// All workers' time at work, together.
  int64_t busyNanoseconds = 0;
};

struct EntryProfile {
  const nnc_entry *entry;
  /// The kernels' descriptions; of launches that the program does not describe, their kernels' names.
  std::vector<nnc_kernel> descriptions;
  std::vector<KernelTime> kernels;
  /// The first run meets cold memory and sleeping threads: it counts only where it stays the only one.
  int64_t runs = 0;
  bool isWarm = false;

  int64_t nanoseconds() const;
};

class Profile {
public:
  /// `program` must outlive the profile. Events are kept of the first `tracedRuns` runs of entries.
  Profile(const nnc_program &program, int workers, int64_t tracedRuns);

  /// One for each entry that has kernels or launches.
  const std::vector<EntryProfile> &entries() const { return profiles; }
  const std::vector<TraceEvent> &events() const { return trace; }

  /// Whether it is one of these.
  bool records(const nnc_entry &entry) const { return find(entry) != nullptr; }
  /// Null where the entry is none of these.
  const EntryProfile *find(const nnc_entry &entry) const;
  /// A run of an entry on a device, just ended, whose kernels took so long one after the other.
  void addRun(const nnc_entry &entry, std::span<const int64_t> nanoseconds);

  /// A run of an entry starts; its kernels' starts and its end follow.
  void enter(const nnc_entry &entry);
  /// As nnc_rt_profile says.
  void startKernel(int64_t kernel);

  int64_t now() const { return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - origin).count(); }
  /// On a worker's own thread: a task of a parallel loop.
  void addWork(int64_t worker, int64_t start, int64_t end) {
    Work &part = work[worker];
    part = {part.end > part.start ? part.start : start, end};
  }
  /// A parallel loop that started at `start` is done.
  void endLoop(int64_t start);

private:
  using Clock = std::chrono::steady_clock;

  /// On a cache line of its own, so that workers do not wait for each other's.
  struct alignas(64) Work {
    int64_t start = 0, end = 0;
  };

  void addEvent(int64_t worker, int64_t start, int64_t end);
  void endKernel(int64_t time);
  void endRun(int64_t time);

  Clock::time_point origin = Clock::now();
  std::vector<EntryProfile> profiles;
  std::vector<Work> work; // one a worker
  std::vector<TraceEvent> trace;
  int64_t tracedRuns;

  EntryProfile *running = nullptr;
  int64_t kernel = -1; // that runs now
  int64_t runStart = 0, kernelStart = 0;
  int64_t loopNanoseconds = 0, busyNanoseconds = 0; // of the kernel's parallel loops so far
};

/// Has the entry that the calling thread runs recorded while it lives; a null profile records nothing.
class ProfileScope {
public:
  ProfileScope(Profile *profile, const nnc_entry &entry);
  ~ProfileScope();
  ProfileScope(const ProfileScope &) = delete;

private:
  Profile *previous;
};

/// Times a parallel loop, on the thread that runs the entry, for that thread's profile, if it has one.
class LoopTimer {
public:
  LoopTimer();
  ~LoopTimer();
  LoopTimer(const LoopTimer &) = delete;
  /// Null where there is none.
  Profile *profile() const { return recording; }

private:
  Profile *recording;
  int64_t start;
};

/// A loop's body that adds the time of each task to its worker's.
struct TimedBody {
  Profile *profile;
  nnc_parallel_body body;
  void *context;
  static void run(void *timed, int64_t task, int64_t worker);
};

} // namespace nnc
