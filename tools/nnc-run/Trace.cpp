// Writes the events of a profile as a trace; see ProfileReport.h.
#include "ProfileReport.h"
#include "core/AtomicFile.h"
#include <nlohmann/json.hpp>

namespace nnc::run {
namespace {

using Json = nlohmann::ordered_json;

/// Entries and kernels lie in one lane, where the latter are seen inside the former; each worker has one of its own.
int64_t laneOf(const TraceEvent &event) { return 1 + event.worker; }

Json nameLane(int64_t lane, const std::string &name) {
  return {{"name", "thread_name"}, {"ph", "M"}, {"pid", 1}, {"tid", lane}, {"args", {{"name", name}}}};
}

Json describe(const nnc_kernel &kernel) {
  return {{"layer", kernel.layer}, {"stage", kernel.stage}, {"place", kernel.location},
          {"tasks", kernel.tasks}, {"flops", kernel.flops}, {"bytes", kernel.bytes}};
}

Json describe(const Profile &profile, const TraceEvent &event) {
  constexpr double kMicroseconds = 1e-3;
  Json object = {{"name", event.entry->name},
                 {"cat", "entry"},
                 {"ph", "X"}, // a complete event: start and duration
                 {"pid", 1},
                 {"tid", laneOf(event)},
                 {"ts", static_cast<double>(event.start) * kMicroseconds},
                 {"dur", static_cast<double>(event.end - event.start) * kMicroseconds}};
  if (event.kernel >= 0) {
    const nnc_kernel &kernel = profile.find(*event.entry)->descriptions[event.kernel];
    object["name"] = kernel.name;
    object["cat"] = event.worker < 0 ? "kernel" : "work";
    object["args"] = describe(kernel);
  }
  return object;
}

} // namespace

void writeTrace(const std::string &path, const Profile &profile, int threads) {
  Json events = Json::array();
  events.push_back({{"name", "process_name"}, {"ph", "M"}, {"pid", 1}, {"args", {{"name", "nnc-run"}}}});
  events.push_back(nameLane(0, "entries and kernels"));
  for (int worker = 0; worker < threads; ++worker)
    events.push_back(nameLane(1 + worker, "worker " + std::to_string(worker)));
  for (const TraceEvent &event : profile.events())
    events.push_back(describe(profile, event));
  Json trace = {{"displayTimeUnit", "ms"}, {"traceEvents", std::move(events)}};
  AtomicFile file(path);
  file.write(trace.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
  file.commit();
}

} // namespace nnc::run
