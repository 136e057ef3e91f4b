// A matrix product with its neighbours as tiles of blocks of threads: parts of both factors in shared memory, sums in
// registers.
#pragma once
#include "codegen/gpu/SharedMemory.h"
#include "codegen/gpu/TileEmitter.h"

namespace mlir::nn {

/// How a product is cut: a block's first threads have `threadRows` x `threadColumns` elements of the result each; all
/// threads bring `terms` of the sum at a time to shared memory.
struct ContractionTile : TileGrid {
  int64_t terms, threadRows, threadColumns;

  int64_t getNumAddingThreads() const { return rows / threadRows * (columns / threadColumns); }
};

/// Whether `contraction` is worth tiles, and of a type that they are for.
bool takesTiles(const Contraction &contraction);

ContractionTile chooseTile(const Contraction &contraction);

/// Emits what block number `block` does of a group. Each element's sum is a chain of FMAs in increasing order of the
/// sum's loops, as on CPUs: results are equal bit for bit. The group's ops are then without effect.
void emitContractionTile(OpBuilder &builder, const ContractionGroup &group, const ContractionTile &tile, Value block,
                         Threads threads, SharedMemory &shared);

} // namespace mlir::nn
