// Static placement of buffers that live for part of a program's time: which bytes each gets.
#pragma once
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>

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
/// highest. Greedy by size, each into the tightest gap that holds it (Pisarchyk and Lee, "Efficient memory management
/// for deep neural net inference", 2020).
int64_t placeBuffers(llvm::MutableArrayRef<PlacedBuffer> buffers, int64_t start);

/// The most bytes alive at one time: no placement can do with fewer.
int64_t getLiveBytesBound(llvm::ArrayRef<PlacedBuffer> buffers);

} // namespace mlir::nn
