// A file that appears under its name complete or not at all: temporary file, fsync, rename, fsync of the directory.
#include "core/AtomicFile.h"
#include "core/Error.h"
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace nnc {
namespace {

std::string directoryOf(const std::string &path) {
  std::string directory = std::filesystem::path(path).parent_path().string();
  return directory.empty() ? "." : directory;
}

/// mkstemp makes files that only their owner reads; a checkpoint gets the permissions any new file would get.
mode_t ordinaryMode() {
  mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

} // namespace

AtomicFile::AtomicFile(std::string target) : path(std::move(target)), temporary(path + ".XXXXXX") {
  descriptor = mkostemp(temporary.data(), O_CLOEXEC);
  if (descriptor < 0)
    fail(path, ": cannot write in ", directoryOf(path), ": ", std::strerror(errno));
  fchmod(descriptor, ordinaryMode());
}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  close(descriptor);
  unlink(temporary.c_str());
}

void AtomicFile::failWith(const char *what) { fail(path, ": ", what, ": ", std::strerror(errno)); }

void AtomicFile::write(const void *data, size_t bytes) {
  auto *next = static_cast<const char *>(data);
  while (bytes > 0) {
    ssize_t written = ::write(descriptor, next, bytes);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failWith("cannot write (what was there before is unchanged)");
    next += written;
    bytes -= written;
  }
}

void AtomicFile::commit() {
  if (fsync(descriptor) != 0)
    failWith("cannot write to disk (what was there before is unchanged)");
  if (rename(temporary.c_str(), path.c_str()) != 0)
    failWith("cannot put the finished file in place");
  close(descriptor);
  descriptor = -1;
  int directory = open(directoryOf(path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    failWith("cannot open its directory");
  // Some file systems cannot sync a directory; the file itself is safe by now.
  int status = fsync(directory);
  int reason = errno;
  close(directory);
  if (status != 0 && reason != EINVAL && reason != ENOTSUP) {
    errno = reason;
    failWith("cannot write its directory to disk");
  }
}

} // namespace nnc
