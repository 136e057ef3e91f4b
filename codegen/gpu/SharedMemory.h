// The shared memory of a block, in which what its code keeps for itself gets places one after the other.
#pragma once
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace mlir::nn {

/// Bytes that a block takes at most on every device that programs are made for (compute capability 8.0 has 163 KiB).
inline constexpr int64_t maxSharedBytes = 160 << 10;

/// Whether `memref` is of a block's shared memory.
bool isShared(Value memref);

class SharedMemory {
public:
  /// Whether a buffer of this type fits in what is left.
  bool hasRoomFor(MemRefType type) const;

  /// A buffer of this type (in the default memory space, as all code sees buffers), which must fit.
  Value allocate(OpBuilder &builder, Location loc, MemRefType type);

  /// Takes the room of such a buffer, which must fit.
  void reserve(MemRefType type);

  int64_t getBytes() const { return bytes; }

private:
  int64_t bytes = 0;
};

} // namespace mlir::nn
