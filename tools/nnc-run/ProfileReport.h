// What a profiled run prints, and the trace it writes.
#pragma once
#include "core/Profile.h"
#include "core/Roofline.h"
#include <string>

namespace nnc::run {

/// The runs of entries that a trace holds: enough to see a step, few enough for a file of about a megabyte.
constexpr int64_t kTracedRuns = 20;

/// Tables of layers and of kernels for each entry that ran, as text: milliseconds a run and share of the entry,
/// operations and bytes a second, the share of what the machine could do (the roofline), and how much of the workers'
/// time was work. `place` is what they ran on: `threads` threads, or a GPU, which counts as one worker.
std::string formatProfile(const Profile &profile, const Roofline &roofline, const std::string &place, int threads);

/// The events in the JSON trace format of Chrome, which Perfetto opens: a lane with entries and the kernels in them,
/// and one for each worker. Throws an Error where the file cannot be written.
void writeTrace(const std::string &path, const Profile &profile, int threads);

} // namespace nnc::run
