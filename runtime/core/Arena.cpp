// The one block of memory that a program lives in: an anonymous mapping.
#include "core/Arena.h"
#include "core/Error.h"
#include "core/Memory.h"
#include "nnc/program.h"
#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace nnc {
namespace {

size_t roundUp(size_t value, size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

/// The size from which the kernel is asked for large pages, and their size.
constexpr size_t kHugePage = size_t(2) << 20;

} // namespace

Arena::Arena(int64_t size, const ArenaOptions &options) : bytes(size) {
  // The kernel promises more than there is, and ends some process when that is wanted.
  if (int64_t available = availableMemory(); size > available)
    fail("cannot get ", size, " bytes of memory for the program: ", available, " are available");
  size_t page = sysconf(_SC_PAGESIZE);
  size_t used = roundUp(roundUp(size, NNC_ALIGNMENT), page);
  bool isGuarded = options.guard != Guard::none;
  bool huge = !isGuarded && used >= kHugePage;
  size_t guard = isGuarded ? page : 0;
  mappedBytes = used + 2 * guard + (huge ? kHugePage : 0);
  if (mappedBytes == 0)
    mappedBytes = page;
  mapping = mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping == MAP_FAILED) {
    mapping = nullptr;
    fail("cannot get ", mappedBytes, " bytes of memory for the program: ", std::strerror(errno));
  }
  auto *first = static_cast<std::byte *>(mapping);
  if (huge) {
    start = reinterpret_cast<std::byte *>(roundUp(reinterpret_cast<uintptr_t>(first), kHugePage));
    madvise(start, used, MADV_HUGEPAGE); // A wish: without it the program runs, only slower.
  } else {
    start = first + guard + (options.guard == Guard::atEnd ? used - roundUp(size, NNC_ALIGNMENT) : 0);
  }
  if (options.poison)
    std::memset(start, options.pattern, size);
  if (guard && (mprotect(first, guard, PROT_NONE) || mprotect(first + mappedBytes - guard, guard, PROT_NONE)))
    fail("cannot protect the pages around the arena: ", std::strerror(errno));
}

Arena::Arena(Arena &&other) noexcept { *this = std::move(other); }

Arena &Arena::operator=(Arena &&other) noexcept {
  std::swap(mapping, other.mapping);
  std::swap(mappedBytes, other.mappedBytes);
  std::swap(start, other.start);
  std::swap(bytes, other.bytes);
  return *this;
}

Arena::~Arena() {
  if (mapping)
    munmap(mapping, mappedBytes);
}

} // namespace nnc
