// Recording of kernels' times; see Profile.h.
#include "core/Profile.h"
#include <algorithm>
#include <numeric>

namespace nnc {
namespace {

thread_local Profile *current = nullptr;

/// Events of one run of an entry: itself, its kernels, and each worker's part in each of them. What finds no room, as
/// of a kernel that has several parallel loops, is left out.
size_t eventsOf(const EntryProfile &entry, int workers) { return 1 + entry.kernels.size() * (1 + workers); }

/// What the tables and traces say of the entry's kernels.
std::vector<nnc_kernel> describe(const nnc_entry &entry) {
  std::span<const nnc_kernel> kernels = kernelsOf(entry);
  std::vector<nnc_kernel> descriptions(kernels.begin(), kernels.end());
  for (const nnc_launch &launch : launchesOf(entry))
    if (kernels.empty())
      descriptions.push_back({launch.kernel, "", "", "", launch.blocks, 0, 0});
  return descriptions;
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
    std::vector<nnc_kernel> descriptions = describe(entry);
    if (descriptions.empty())
      continue;
    std::vector<KernelTime> times(descriptions.size());
    profiles.push_back({&entry, std::move(descriptions), std::move(times)});
    longest = std::max(longest, eventsOf(profiles.back(), workers));
  }
  trace.reserve(longest * tracedRuns);
}

const EntryProfile *Profile::find(const nnc_entry &entry) const {
  auto found = std::ranges::find(profiles, &entry, &EntryProfile::entry);
  return found == profiles.end() ? nullptr : &*found;
}

void Profile::addRun(const nnc_entry &entry, std::span<const int64_t> nanoseconds) {
  enter(entry);
  if (!running)
    return;
  int64_t time = now() - std::accumulate(nanoseconds.begin(), nanoseconds.end(), int64_t(0));
  runStart = time;
  loopNanoseconds = busyNanoseconds = 0;
  for (size_t i = 0; i < nanoseconds.size(); ++i) {
    kernel = static_cast<int64_t>(i);
    kernelStart = time;
    endKernel(time += nanoseconds[i]);
  }
  endRun(time);
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
  if (next < 0 || next >= static_cast<int64_t>(running->kernels.size()))
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
