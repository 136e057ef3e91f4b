// The one block of memory that a program lives in.
#pragma once
#include <cstddef>
#include <cstdint>

namespace nnc {

struct ArenaOptions {
  /// Inaccessible pages directly before and after the arena: an access outside it is a fault.
  bool guardPages = false;
  /// Fill with `pattern` instead of zeros.
  bool poison = false;
  uint8_t pattern = 0;
};

/// Zeroed memory from the kernel, aligned to NNC_ALIGNMENT, given back when the arena goes. With guard pages the end
/// of the arena, rounded up to the alignment, meets the guard.
class Arena {
public:
  Arena() = default;
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
