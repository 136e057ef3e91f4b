// The one block of memory that a program lives in.
#pragma once
#include <cstddef>
#include <cstdint>

namespace nnc {

/// Inaccessible pages around an arena: an access to them is a fault. As an arena need not fill its pages, only one of
/// the two guards lies directly at it.
enum class Guard { none, atStart, atEnd };

struct ArenaOptions {
  Guard guard = Guard::none;
  /// Fill with `pattern` instead of zeros.
  bool poison = false;
  uint8_t pattern = 0;
};

/// Zeroed memory from the kernel, aligned to NNC_ALIGNMENT, given back when the arena goes. A guard at the end lies
/// where the size, rounded up to the alignment, ends.
class Arena {
public:
  Arena() = default;
  /// Throws an Error where there is not that much memory.
  Arena(int64_t bytes, const ArenaOptions &options);
  Arena(Arena &&other) noexcept;
  Arena &operator=(Arena &&other) noexcept;
  ~Arena();

  std::byte *data() const { return start; }
  int64_t size() const { return bytes; }

private:
  void *mapping = nullptr;
  size_t mappedBytes = 0;
  std::byte *start = nullptr;
  int64_t bytes = 0;
};

} // namespace nnc
