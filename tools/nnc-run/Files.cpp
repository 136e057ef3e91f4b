// What is checked about the files that a command writes, before it starts.
#include "Files.h"
#include "checkpoint/Safetensors.h"
#include "core/AtomicFile.h"
#include "core/Error.h"
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace nnc::run {
namespace {

namespace fs = std::filesystem;

/// Whether two paths name one file, which need not be there.
bool isSameFile(const std::string &left, const std::string &right) {
  std::error_code error;
  if (left.empty() || right.empty())
    return false;
  // Of a path whose start is not there, weakly_canonical would keep a relative one.
  auto resolve = [&](const std::string &path) { return fs::weakly_canonical(fs::absolute(path, error), error); };
  return fs::equivalent(left, right, error) || resolve(left) == resolve(right);
}

bool isNncCheckpoint(const std::string &path) {
  try {
    return readSafetensors(path).metadata.count("nnc.format") > 0;
  } catch (const Error &) {
    return false;
  }
}

/// Refuses to replace a file that is there and does not start as those that nnc writes for `option`.
void checkStart(const char *option, const std::string &path, std::string_view start, const char *kind) {
  std::error_code error;
  if (path.empty() || !fs::exists(path, error) || fs::file_size(path, error) == 0)
    return;
  std::string found(start.size(), '\0');
  std::ifstream(path, std::ios::binary).read(found.data(), static_cast<std::streamsize>(found.size()));
  if (found != start)
    fail(path, ": is there and no ", kind, " that nnc wrote; ", option,
         " would replace it: move it away, or name another");
}

} // namespace

void checkReplaceable(const char *option, const std::string &path, const Options &options) {
  if (path.empty())
    return;
  std::error_code error;
  fs::path directory = fs::path(path).parent_path();
  if (fs::is_directory(path, error))
    fail(path, ": is a directory; ", option, " takes a file");
  if (!directory.empty() && !fs::is_directory(directory, error))
    fail(path, ": its directory does not exist");
  if (fs::exists(path, error) && !fs::is_regular_file(path, error))
    fail(path, ": is no ordinary file, which ", option, " takes");
  for (const auto &[name, other] :
       {std::pair("the model file", &options.model), std::pair("--data", &options.data),
        std::pair("--validation", &options.validation), std::pair("--test", &options.test),
        std::pair("--weights", &options.weights), std::pair("--checkpoint", &options.checkpoint),
        std::pair("--save-best", &options.saveBest)})
    if (other != &path && isSameFile(path, *other))
      fail(option, " ", path, ": is also ", name, ", and would replace it");
  // Makes the temporary file that a finished one is renamed from, and removes it.
  AtomicFile probe(path);
}

void checkCheckpointPaths(const Options &options) {
  for (const auto &[option, path] :
       {std::pair("--checkpoint", &options.checkpoint), std::pair("--save-best", &options.saveBest)}) {
    checkReplaceable(option, *path, options);
    std::error_code error;
    if (!path->empty() && fs::exists(*path, error) && !isNncCheckpoint(*path))
      fail(*path, ": is there and no checkpoint that nnc wrote; ", option,
           " would replace it: move it away, or name another");
  }
}

void checkHistoryPath(const Options &options) {
  checkReplaceable("--history", options.history, options);
  checkStart("--history", options.history, "epoch,", "history");
}

void checkTracePath(const Options &options) {
  checkReplaceable("--trace", options.trace, options);
  if (isSameFile(options.trace, options.history))
    fail("--trace ", options.trace, ": is also --history, and would replace it");
  checkStart("--trace", options.trace, "{\"displayTimeUnit\"", "trace");
}

int finishOutput() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout))
    fail("cannot write to standard output");
  return 0;
}

} // namespace nnc::run
