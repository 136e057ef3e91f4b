// Greedy placement in several orders, each mended where it ends too high; see Placement.h.
#include "codegen/Placement.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

using namespace mlir::nn;
using llvm::ArrayRef;
using llvm::MutableArrayRef;
using llvm::SmallVector;

int64_t mlir::nn::getSpace(const PlacedBuffer &buffer) { return llvm::alignTo(buffer.bytes, bufferAlignment); }

static bool liveTogether(const PlacedBuffer &a, const PlacedBuffer &b) {
  return a.first <= b.last && b.first <= a.last;
}

/// The start of the tightest gap for `bytes` between `neighbours`, which are sorted by offset; else the place after
/// them.
static int64_t findPlace(ArrayRef<const PlacedBuffer *> neighbours, int64_t bytes, int64_t start) {
  int64_t end = start, best = -1, bestGap = 0;
  for (const PlacedBuffer *neighbour : neighbours) {
    int64_t gap = neighbour->offset - end;
    if (gap >= bytes && (best < 0 || gap < bestGap)) {
      best = end;
      bestGap = gap;
    }
    end = std::max(end, neighbour->offset + getSpace(*neighbour));
  }
  return best >= 0 ? best : end;
}

using Order = SmallVector<PlacedBuffer *>;

/// Places the buffers one after the other in this order; returns the end of the highest.
static int64_t placeInOrder(const Order &order, int64_t start) {
  int64_t end = start;
  SmallVector<const PlacedBuffer *> placed; // sorted by offset
  for (PlacedBuffer *buffer : order) {
    SmallVector<const PlacedBuffer *> neighbours;
    llvm::copy_if(placed, std::back_inserter(neighbours),
                  [&](const PlacedBuffer *other) { return liveTogether(*buffer, *other); });
    buffer->offset = findPlace(neighbours, getSpace(*buffer), start);
    end = std::max(end, buffer->offset + getSpace(*buffer));
    placed.insert(llvm::upper_bound(placed, buffer,
                                    [](const PlacedBuffer *a, const PlacedBuffer *b) { return a->offset < b->offset; }),
                  buffer);
  }
  return end;
}

/// How often an order is mended. With thousands of buffers, where a round takes long and the orders do well, less
/// often.
static int64_t getRounds(size_t count) {
  constexpr size_t most = 100, mostPairs = size_t(1) << 24;
  return std::clamp<size_t>(mostPairs / std::max<size_t>(count * count, 1), 1, most);
}

int64_t mlir::nn::placeBuffers(MutableArrayRef<PlacedBuffer> buffers, int64_t start) {
  int64_t bound = start + findLivePeak(buffers).bytes;
  int64_t best = std::numeric_limits<int64_t>::max();
  SmallVector<int64_t> offsets(buffers.size());

  // Equal ones in order of appearance.
  using Key = int64_t (*)(const PlacedBuffer &);
  constexpr Key keys[] = {
      [](const PlacedBuffer &buffer) { return buffer.bytes; },
      [](const PlacedBuffer &buffer) { return buffer.last - buffer.first; },
      [](const PlacedBuffer &buffer) { return buffer.last; },
  };
  for (Key key : keys) {
    Order order;
    for (PlacedBuffer &buffer : buffers)
      order.push_back(&buffer);
    llvm::sort(order, [&](const PlacedBuffer *a, const PlacedBuffer *b) {
      return std::tuple(key(*a), a->bytes, b) > std::tuple(key(*b), b->bytes, a);
    });
    for (int64_t round = getRounds(buffers.size()); round > 0; --round) {
      int64_t end = placeInOrder(order, start);
      if (end < best) {
        best = end;
        for (auto [offset, buffer] : llvm::zip_equal(offsets, buffers))
          offset = buffer.offset;
      }
      if (best == bound)
        break;
      auto *late =
          llvm::find_if(order, [&](const PlacedBuffer *buffer) { return buffer->offset + getSpace(*buffer) > bound; });
      std::rotate(order.begin(), late, late + 1);
    }
    if (best == bound)
      break;
  }
  for (auto [offset, buffer] : llvm::zip_equal(offsets, buffers))
    buffer.offset = offset;
  return best;
}

LivePeak mlir::nn::findLivePeak(ArrayRef<PlacedBuffer> buffers) {
  std::map<int64_t, int64_t> changes; // time to the change of live bytes there
  for (const PlacedBuffer &buffer : buffers) {
    changes[buffer.first] += getSpace(buffer);
    changes[buffer.last + 1] -= getSpace(buffer);
  }
  LivePeak peak;
  int64_t live = 0;
  for (auto [time, change] : changes) {
    live += change;
    if (live > peak.bytes)
      peak = {time, live};
  }
  return peak;
}

std::optional<int64_t> mlir::nn::getEndApart(ArrayRef<PlacedBuffer> buffers, int64_t start) {
  int64_t end = start;
  for (const PlacedBuffer &buffer : buffers)
    if (buffer.bytes > std::numeric_limits<int64_t>::max() - bufferAlignment ||
        llvm::AddOverflow(end, getSpace(buffer), end))
      return std::nullopt;
  return end;
}

std::optional<std::pair<size_t, size_t>> mlir::nn::findOverlap(ArrayRef<PlacedBuffer> buffers) {
  struct Event {
    int64_t time;
    bool isStart; // what ends makes way for what starts at the same time
    size_t buffer;
    bool operator<(const Event &other) const {
      return std::tie(time, isStart, buffer) < std::tie(other.time, other.isStart, other.buffer);
    }
  };
  SmallVector<Event> events;
  for (auto [index, buffer] : llvm::enumerate(buffers)) {
    if (buffer.bytes == 0)
      continue;
    events.push_back({buffer.first, true, index});
    events.push_back({buffer.last + 1, false, index});
  }
  llvm::sort(events);
  std::map<int64_t, size_t> live; // by offset; none of them overlap
  for (const Event &event : events) {
    const PlacedBuffer &buffer = buffers[event.buffer];
    if (!event.isStart) {
      live.erase(buffer.offset);
      continue;
    }
    auto next = live.lower_bound(buffer.offset);
    if (next != live.end() && next->first < buffer.offset + buffer.bytes)
      return std::pair(next->second, event.buffer);
    if (next != live.begin()) {
      auto [offset, previous] = *std::prev(next);
      if (offset + buffers[previous].bytes > buffer.offset)
        return std::pair(previous, event.buffer);
    }
    live.emplace(buffer.offset, event.buffer);
  }
  return std::nullopt;
}
