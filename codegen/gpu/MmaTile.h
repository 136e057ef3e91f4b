// A matrix product with its neighbours as tiles of blocks of threads, whose warps multiply on tensor cores.
#pragma once
#include "codegen/gpu/MmaWarp.h"
#include "codegen/gpu/SharedMemory.h"
#include "codegen/gpu/TileEmitter.h"

namespace mlir::nn {

/// How a product is cut: a block's first warps have `warpRows` x `warpColumns` elements of the result each; all threads
/// bring `words` of 32 bits of each row and column at a time to shared memory, a term of tf32 or two of bf16 each.
struct MmaTile : TileGrid {
  int64_t words, warpRows, warpColumns;

  int64_t getNumAddingThreads() const { return rows / warpRows * (columns / warpColumns) * MmaWarp::lanes; }
};

/// Of a contraction that takes tiles (takesTiles) and is of f32.
MmaTile chooseMmaTile(const Contraction &contraction, Precision precision);

/// Emits what block number `block` does of a group. Factors are rounded to `precision` (tf32: to nearest, ties away
/// from zero; bf16: ties to even); products are exact, and added up in f32 in increasing order of the sum's loops, 8
/// terms of tf32 or 16 of bf16 at a time in an order that is the device's. The group's ops are then without effect.
void emitMmaTile(OpBuilder &builder, const ContractionGroup &group, const MmaTile &tile, Precision precision,
                 Value block, Threads threads, SharedMemory &shared);

} // namespace mlir::nn
