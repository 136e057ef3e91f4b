// How much memory there is, from /proc/meminfo and the control groups' files.
#include "core/Memory.h"
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>

namespace nnc {
namespace {

namespace fs = std::filesystem;

std::optional<int64_t> readNumber(const fs::path &path) {
  int64_t number = 0;
  if (std::ifstream(path) >> number)
    return number;
  return std::nullopt;
}

int64_t machineMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  int64_t kibibytes = 0, available = -1, swap = 0;
  while (file >> key >> kibibytes) {
    if (key == "MemAvailable:")
      available = kibibytes;
    else if (key == "SwapFree:")
      swap = kibibytes;
    file.ignore(256, '\n');
  }
  if (available < 0)
    return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
  return (available + swap) << 10;
}

/// Of a group's memory what the kernel gives up when it is wanted: files' pages, but not those in shared memory.
int64_t cachedBytes(const fs::path &group) {
  std::ifstream file(group / "memory.stat");
  std::string key;
  int64_t cached = 0;
  for (int64_t bytes = 0; file >> key >> bytes;)
    cached += key == "file" ? bytes : key == "shmem" ? -bytes : 0;
  return cached;
}

/// The process's own group, such as /user.slice; empty where there are no control groups of version 2.
fs::path ownGroup() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("0::/"))
      return line.substr(4);
  return {};
}

} // namespace

int64_t availableMemory() {
  int64_t available = machineMemory();
  const fs::path root = "/sys/fs/cgroup";
  // What a group may hold bounds those in it. Within a container the root is its own group.
  fs::path group = root / ownGroup();
  for (;; group = group.parent_path()) {
    auto limit = readNumber(group / "memory.max"), used = readNumber(group / "memory.current");
    if (limit && used)
      available = std::min(available, std::max<int64_t>(*limit - *used + cachedBytes(group), 0));
    if (group == root)
      return available;
  }
}

} // namespace nnc
