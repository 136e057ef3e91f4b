// Static placement of buffers that live for part of a program's time: which bytes each gets.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <optional>
#include <utility>

namespace mlir::nn {

/// Offsets and sizes are multiples of this (NNC_ALIGNMENT of the program ABI).
constexpr int64_t bufferAlignment = 64;

/// A buffer that lives from `first` to `last`, both included.
struct PlacedBuffer {
  int64_t bytes = 0;
  int64_t first = 0, last = 0;
  int64_t offset = 0;
};

/// Sets the offsets, none below `start`, so that no two buffers alive at the same time overlap; returns the end of the
/// highest. Greedy, each into the tightest gap that holds it (Pisarchyk and Lee, "Efficient memory management for deep
/// neural net inference", 2020): the largest first, the longest-lived first, the last to die first. An order that ends
/// above the live peak is mended round by round: the first buffer to reach above it goes to the front. The best of all.
int64_t placeBuffers(llvm::MutableArrayRef<PlacedBuffer> buffers, int64_t start);

/// The bytes that a buffer takes of its area.
int64_t getSpace(const PlacedBuffer &buffer);

/// The time at which most bytes are alive, the first of several, and how many: no placement can do with fewer.
struct LivePeak {
  int64_t time = 0, bytes = 0;
};
LivePeak findLivePeak(llvm::ArrayRef<PlacedBuffer> buffers);

/// Where the buffers end if they lie one after the other from `start`; nothing where that is more than can be counted.
/// No placement ends higher.
std::optional<int64_t> getEndApart(llvm::ArrayRef<PlacedBuffer> buffers, int64_t start);

/// Two buffers that share bytes while both are alive, by their numbers; nothing where there are none.
std::optional<std::pair<size_t, size_t>> findOverlap(llvm::ArrayRef<PlacedBuffer> buffers);

} // namespace mlir::nn
