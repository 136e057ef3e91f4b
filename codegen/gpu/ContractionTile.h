// A matrix product with its neighbours as tiles of blocks of threads: parts of both factors in shared memory, sums in
// registers.
#pragma once
#include "codegen/cpu/Contraction.h"
#include "codegen/gpu/GenericThreads.h"
#include "codegen/gpu/SharedMemory.h"

namespace mlir::nn {

/// How a product is cut. A block has `rows` x `columns` elements of the result, and its first threads
/// `threadRows` x `threadColumns` each; all threads bring `terms` of the sum at a time to shared memory.
struct ContractionTile {
  int64_t rows, columns, terms;
  int64_t threadRows, threadColumns;
  /// Tiles along the rows, along the columns, and for each element of the batch.
  int64_t rowTiles, columnTiles, batches;

  int64_t getNumBlocks() const { return rowTiles * columnTiles * batches; }
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
