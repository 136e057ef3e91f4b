// Joins spans that are copied together; see Spans.h.
#include "core/Spans.h"
#include <algorithm>

namespace nnc {

static constexpr int64_t kCloseBytes = 4096;

std::vector<nnc_span> joinNeighbours(std::vector<nnc_span> spans, int64_t stateBytes) {
  std::erase_if(spans, [](const nnc_span &span) { return span.bytes == 0; });
  std::ranges::sort(spans, {}, &nnc_span::offset);
  std::vector<nnc_span> joined;
  for (const nnc_span &span : spans) {
    int64_t end = joined.empty() ? 0 : joined.back().offset + joined.back().bytes;
    if (!joined.empty() && (span.offset <= end || (span.offset - end <= kCloseBytes && end >= stateBytes)))
      joined.back().bytes = std::max(end, span.offset + span.bytes) - joined.back().offset;
    else
      joined.push_back(span);
  }
  return joined;
}

} // namespace nnc
