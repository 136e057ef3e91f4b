// Recording of kernels' times; see Profile.h.
#include "core/Profile.h"
#include <algorithm>

namespace nnc {
namespace {

thread_local Profile *current = nullptr;

/// Events of one run of an entry: itself, its kernels, and each worker's part in each of them. What finds no room, as
/// of a kernel that has several parallel loops, is left out.
size_t eventsOf(const nnc_entry &entry, int workers) {
  return 1 + static_cast<size_t>(entry.kernel_count) * (1 + workers);
}

} // namespace

int64_t EntryProfile::nanoseconds() const {
  int64_t sum = 0;
  for (const KernelTime &kernel : kernels)
    sum += kernel.nanoseconds;
  return sum;
}

Profile::Profile(const nnc_program &program, int workers, int64_t tracedRuns) : work(workers), tracedRuns(tracedRuns) {
  size_t longest = 0;
  for (const nnc_entry &entry : entriesOf(program)) {
    if (entry.kernel_count == 0)
      continue;
    profiles.push_back({&entry, std::vector<KernelTime>(entry.kernel_count)});
    longest = std::max(longest, eventsOf(entry, workers));
  }
  trace.reserve(longest * tracedRuns);
}

void Profile::enter(const nnc_entry &entry) {
  auto found = std::find_if(profiles.begin(), profiles.end(), [&](const auto &other) { return other.entry == &entry; });
  running = found == profiles.end() ? nullptr : &*found;
  kernel = -1;
  if (!running || running->isWarm || running->runs == 0)
    return;
  std::fill(running->kernels.begin(), running->kernels.end(), KernelTime());
  running->runs = 0;
  running->isWarm = true;
}

void Profile::startKernel(int64_t next) {
  if (!running)
    return;
  int64_t time = now();
  if (kernel < 0)
    runStart = time;
  else
    endKernel(time);
  if (next < 0 || next >= running->entry->kernel_count)
    return endRun(time);
  kernel = next;
  kernelStart = time;
  loopNanoseconds = busyNanoseconds = 0;
}

void Profile::endLoop(int64_t start) {
  loopNanoseconds += now() - start;
  for (size_t worker = 0; worker < work.size(); ++worker) {
    Work &done = work[worker];
    if (done.end > done.start) {
      busyNanoseconds += done.end - done.start;
      addEvent(static_cast<int64_t>(worker), done.start, done.end);
    }
    done = {};
  }
}

void Profile::endKernel(int64_t time) {
  KernelTime &total = running->kernels[kernel];
  int64_t whole = time - kernelStart;
  total.nanoseconds += whole;
  // Outside of parallel loops one worker is at work.
  total.busyNanoseconds += busyNanoseconds + whole - loopNanoseconds;
  addEvent(-1, kernelStart, time);
}

void Profile::endRun(int64_t time) {
  kernel = -1;
  addEvent(-1, runStart, time);
  tracedRuns = std::max<int64_t>(tracedRuns - 1, 0);
  ++running->runs;
}

void Profile::addEvent(int64_t worker, int64_t start, int64_t end) {
  if (running && tracedRuns > 0 && trace.size() < trace.capacity())
    trace.push_back({running->entry, kernel, worker, start, end});
}

ProfileScope::ProfileScope(Profile *profile, const nnc_entry &entry) : previous(current) {
  current = profile;
  if (profile)
    profile->enter(entry);
}

ProfileScope::~ProfileScope() { current = previous; }

LoopTimer::LoopTimer() : recording(current), start(recording ? recording->now() : 0) {}

LoopTimer::~LoopTimer() {
  if (recording)
    recording->endLoop(start);
}

void TimedBody::run(void *timed, int64_t task, int64_t worker) {
  auto [profile, body, context] = *static_cast<TimedBody *>(timed);
  int64_t start = profile->now();
  body(context, task, worker);
  profile->addWork(worker, start, profile->now());
}

} // namespace nnc

extern "C" void nnc_rt_profile(int64_t kernel) {
  if (nnc::current)
    nnc::current->startKernel(kernel);
}
