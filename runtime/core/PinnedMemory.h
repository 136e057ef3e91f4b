// The parts of a host's arena that a GPU writes to by itself. Their pages are kept in place; where the system
// allows that only for the driver's own memory, they have copies there.
#pragma once
#include "core/Gpu.h"
#include "nnc/program.h"
#include <vector>

namespace nnc {

class PinnedMemory {
public:
  /// `arena` must stay where it is. The spans may come in any order and overlap; a span of the same offset and bytes,
  /// or inside one of them, is what the other functions take. `gpu` must be current here, and when the memory goes.
  PinnedMemory(const Gpu &gpu, std::byte *arena, std::vector<nnc_span> spans);
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory &) = delete;

  /// Where the GPU finds a span.
  std::byte *locate(const nnc_span &span) const;
  /// After the GPU has written a span.
  void pull(const nnc_span &span) const;

  /// Any bytes of the arena, cut where pinned pages start and end: no copy of the driver may reach across.
  std::vector<nnc_span> cut(const nnc_span &span) const;

private:
  /// Whole pages.
  struct Range {
    std::byte *first, *last;
    std::byte *copy; // null: the pages themselves are pinned
  };
  const Range &rangeOf(const nnc_span &span) const;
  void release();

  const Gpu &gpu;
  std::byte *arena;
  std::vector<Range> ranges; // in increasing order, apart from each other
};

} // namespace nnc
