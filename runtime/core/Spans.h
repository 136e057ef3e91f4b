// What is copied between a host's arena and a GPU's.
#pragma once
#include "core/Program.h"
#include <vector>

namespace nnc {

/// Spans of the arena, sorted, those close to each other in one: a copy of its own takes longer than the bytes between
/// them do, which are scratch, that holds nothing before an entry starts and after it has ended.
std::vector<nnc_span> joinNeighbours(std::vector<nnc_span> spans, int64_t stateBytes);

/// Those of an entry's inputs, or of its outputs.
template <typename Tensors> std::vector<nnc_span> spansOf(const Tensors &tensors, int64_t stateBytes) {
  std::vector<nnc_span> spans;
  for (const auto &item : tensors)
    spans.push_back({item.tensor.offset, byteCount(item.tensor)});
  return joinNeighbours(std::move(spans), stateBytes);
}

} // namespace nnc
