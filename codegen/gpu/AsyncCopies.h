// Asynchronous copies of a thread from global to shared memory.
#pragma once
#include "mlir/IR/Builders.h"

namespace mlir::nn {

class AsyncCopies {
public:
  AsyncCopies(OpBuilder &builder, Location loc) : builder(builder), loc(loc) {}

  /// Begins a copy of `count` neighbouring elements, of 4, 8 or 16 bytes in all, to a buffer of SharedMemory.
  void start(Value target, ValueRange at, Value source, ValueRange from, int64_t count);
  /// Makes a group of the copies begun since the last.
  void endGroup();
  /// Until at most `pending` groups of the thread are not done.
  void wait(int64_t pending);

private:
  OpBuilder &builder;
  Location loc;
  Value lastGroup;
};

} // namespace mlir::nn
