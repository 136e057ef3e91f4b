// The parts of a host's arena that a GPU writes to by itself; see PinnedMemory.h.
#include "core/PinnedMemory.h"
#include <algorithm>
#include <cstring>
#include <unistd.h>

namespace nnc {

PinnedMemory::PinnedMemory(const Gpu &gpu, std::byte *arena, std::vector<nnc_span> spans) : gpu(gpu), arena(arena) {
  auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  std::ranges::sort(spans, {}, &nnc_span::offset);
  std::vector<Range> pages;
  for (const nnc_span &span : spans) {
    auto first = reinterpret_cast<uintptr_t>(arena + span.offset) / page * page;
    auto last = (reinterpret_cast<uintptr_t>(arena + span.offset + span.bytes) + page - 1) / page * page;
    auto *start = reinterpret_cast<std::byte *>(first), *end = reinterpret_cast<std::byte *>(last);
    if (!pages.empty() && start <= pages.back().last)
      pages.back().last = std::max(pages.back().last, end);
    else
      pages.push_back({start, end, nullptr});
  }
  ranges.reserve(pages.size());
  for (Range range : pages) {
    if (gpu.driver().hostRegister.attempt(range.first, range.last - range.first, 0)) {
      void *copy = nullptr;
      try {
        gpu.driver().hostAlloc(&copy, range.last - range.first, 0);
      } catch (...) {
        release();
        throw;
      }
      range.copy = static_cast<std::byte *>(copy);
    }
    ranges.push_back(range);
  }
}

PinnedMemory::~PinnedMemory() { release(); }

void PinnedMemory::release() {
  for (const Range &range : ranges)
    if (range.copy)
      gpu.driver().hostFree.attempt(range.copy);
    else
      gpu.driver().hostUnregister.attempt(range.first);
  ranges.clear();
}

const PinnedMemory::Range &PinnedMemory::rangeOf(const nnc_span &span) const {
  auto after = std::ranges::upper_bound(ranges, arena + span.offset, {}, &Range::first);
  return *std::prev(after);
}

std::byte *PinnedMemory::locate(const nnc_span &span) const {
  const Range &range = rangeOf(span);
  std::byte *place = arena + span.offset;
  return range.copy ? range.copy + (place - range.first) : place;
}

void PinnedMemory::pull(const nnc_span &span) const {
  if (const std::byte *place = locate(span); place != arena + span.offset)
    std::memcpy(arena + span.offset, place, span.bytes);
}

std::vector<nnc_span> PinnedMemory::cut(const nnc_span &span) const {
  std::vector<nnc_span> parts;
  int64_t start = span.offset, end = span.offset + span.bytes;
  auto add = [&](int64_t until) {
    if (until > start && start < end)
      parts.push_back({start, std::min(until, end) - start});
    start = std::clamp(until, start, end);
  };
  for (const Range &range : ranges)
    for (std::byte *edge : {range.first, range.last})
      add(edge - arena);
  add(end);
  return parts;
}

} // namespace nnc
