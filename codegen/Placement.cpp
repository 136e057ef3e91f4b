// Greedy placement by size; see Placement.h.
#include "codegen/Placement.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <map>

using namespace mlir::nn;
using llvm::ArrayRef;
using llvm::MutableArrayRef;
using llvm::SmallVector;

static int64_t getSpace(const PlacedBuffer &buffer) { return llvm::alignTo(buffer.bytes, bufferAlignment); }

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

int64_t mlir::nn::placeBuffers(MutableArrayRef<PlacedBuffer> buffers, int64_t start) {
  SmallVector<PlacedBuffer *> order;
  for (PlacedBuffer &buffer : buffers)
    order.push_back(&buffer);
  llvm::sort(order, [](const PlacedBuffer *a, const PlacedBuffer *b) {
    return std::pair(a->bytes, b) > std::pair(b->bytes, a); // equal ones in order of appearance
  });

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

int64_t mlir::nn::getLiveBytesBound(ArrayRef<PlacedBuffer> buffers) {
  std::map<int64_t, int64_t> changes; // time to the change of live bytes there
  for (const PlacedBuffer &buffer : buffers) {
    changes[buffer.first] += getSpace(buffer);
    changes[buffer.last + 1] -= getSpace(buffer);
  }
  int64_t live = 0, most = 0;
  for (auto [time, change] : changes)
    most = std::max(most, live += change);
  return most;
}
