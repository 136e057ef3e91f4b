// A file's bytes, read through a mapping.
#include "data/MappedFile.h"
#include "core/Error.h"
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nnc {

std::shared_ptr<const MappedFile> MappedFile::open(const std::string &path) {
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0)
    fail(path, ": cannot open: ", std::strerror(errno));
  struct Closer {
    int descriptor;
    ~Closer() { close(descriptor); }
  } closer{descriptor};
  struct stat status{};
  if (fstat(descriptor, &status) != 0)
    fail(path, ": cannot read: ", std::strerror(errno));
  if (!S_ISREG(status.st_mode))
    fail(path, ": not a file");
  if (status.st_size == 0)
    fail(path, ": the file is empty");
  void *mapping = mmap(nullptr, status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (mapping == MAP_FAILED)
    fail(path, ": cannot read: ", std::strerror(errno));
  return std::shared_ptr<const MappedFile>(
      new MappedFile(static_cast<const std::byte *>(mapping), static_cast<size_t>(status.st_size)));
}

MappedFile::~MappedFile() { munmap(const_cast<std::byte *>(start), size); }

} // namespace nnc
