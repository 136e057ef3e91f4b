// nnc-run describe-device: this machine as nnc-opt --nn-report --device=FILE.json reads it.
#include "Files.h"
#include "Options.h"
#include "core/Error.h"
#include "core/Parallel.h"
#include "core/Roofline.h"
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace nnc::run {
namespace {

/// What the kernel calls the processor.
std::string processorName() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.rfind("model name", 0) == 0)
      if (size_t colon = line.find(": "); colon != std::string::npos)
        return line.substr(colon + 2);
  return "a processor without a name";
}

} // namespace

int describeDevice(const Options &options) {
  int threads = options.threads ? options.threads : availableThreads();
  Roofline roofline = measureRoofline(threads);
  nlohmann::ordered_json device = {
      {"name", "measured"},
      {"kind", "cpu"},
      {"description", concat(processorName(), ", ", threads, threads == 1 ? " thread" : " threads")},
      {"flops", roofline.flops},
      {"bytes_per_second", roofline.bytes},
      {"memory_bytes", static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE)},
      {"source", "measured by nnc-run describe-device"}};
  std::string text = device.dump(1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::printf("%s\n", text.c_str());
  finishOutput();
  return 0;
}

} // namespace nnc::run
