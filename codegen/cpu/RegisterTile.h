// Chooses how a matrix product's result is cut into tiles whose accumulators
// stay in vector registers.
#pragma once
#include "codegen/cpu/Target.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::nn {

/// `count` consecutive tiles of `size` elements each; the first is tile
/// `firstTile` and begins at element `start`.
struct TileRun {
  int64_t firstTile, count, start, size;
};

/// Rows and columns cut into tiles: few distinct sizes, so that few kernels are
/// generated.
struct RegisterTiling {
  SmallVector<TileRun> rows;
  SmallVector<TileRun> columns;

  int64_t getNumRowTiles() const { return rows.back().firstTile + rows.back().count; }
  int64_t getNumColumnTiles() const { return columns.back().firstTile + columns.back().count; }
};

/// The element at which tile `tile` begins; for the number of tiles, where the last one ends.
int64_t getStart(ArrayRef<TileRun> runs, int64_t tile);

/// The tiling of an m x n result with the least estimated time, `k` products an
/// element. Columns are vectors of `lanes`, at most `maxVectors` in a tile, which has at most `maxRows` rows.
RegisterTiling chooseRegisterTiling(const CpuTarget &target, int64_t lanes, int64_t m, int64_t n, int64_t k,
                                    int64_t maxVectors, int64_t maxRows);

/// Whether the accumulators of a tile, a row of b's vectors and an element of a have registers.
bool fitsRegisters(const CpuTarget &target, int64_t rows, int64_t vectors);

/// The tiling with tiles as equal as can be, of at most so many rows and vectors.
RegisterTiling cutIntoTiles(int64_t lanes, int64_t m, int64_t n, int64_t rows, int64_t vectors);

/// Rows and vectors of tiles whose tilings differ, the least estimated time first; that of chooseRegisterTiling is the
/// first one.
SmallVector<std::pair<int64_t, int64_t>> rankTiles(const CpuTarget &target, int64_t lanes, int64_t m, int64_t n,
                                                   int64_t k, int64_t maxVectors, int64_t maxRows);

/// A tile's columns as vectors: offset and number of lanes of each. All are
/// full but the last one.
SmallVector<std::pair<int64_t, int64_t>> cutIntoVectors(int64_t columns, int64_t lanes);

} // namespace mlir::nn
