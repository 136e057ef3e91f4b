// The cost model of register tiles: a tile of r rows and v vectors takes, for
// each k, r*v FMAs and r+v loads.
#include "codegen/cpu/RegisterTile.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::nn;

// Two FMAs and two loads a cycle, four cycles from an FMA to one that needs it:
// true within a little of every core since 2015 that has FMA.
static constexpr double fmasPerCycle = 2, loadsPerCycle = 2, fmaLatency = 4;

// Estimates that differ by no more say nothing about which tile is better.
static constexpr double nearlyEqual = 1.02;

/// `count` things in tiles of at most `largest`, their sizes as equal as can
/// be: at most two sizes, larger ones first.
static SmallVector<TileRun> cutEvenly(int64_t count, int64_t largest) {
  int64_t tiles = llvm::divideCeil(count, largest), size = llvm::divideCeil(count, tiles);
  int64_t numSmaller = size * tiles - count, numLarger = tiles - numSmaller;
  SmallVector<TileRun> runs = {{0, numLarger, 0, size}};
  if (numSmaller > 0)
    runs.push_back({numLarger, numSmaller, numLarger * size, size - 1});
  return runs;
}

/// Column tiles in elements: whole vectors, but for the last tile where n is
/// not a multiple of the lanes.
static SmallVector<TileRun> cutColumns(int64_t n, int64_t lanes, int64_t largest) {
  SmallVector<TileRun> runs = cutEvenly(llvm::divideCeil(n, lanes), largest);
  for (TileRun &run : runs) {
    run.start *= lanes;
    run.size *= lanes;
  }
  if (n % lanes == 0)
    return runs;
  TileRun &last = runs.back();
  if (--last.count == 0) {
    last = {last.firstTile, 1, last.start, n - last.start};
  } else {
    int64_t start = last.start + last.count * last.size;
    runs.push_back({last.firstTile + last.count, 1, start, n - start});
  }
  return runs;
}

static double getTileCycles(int64_t rows, int64_t vectors, int64_t k) {
  double perStep = std::max({rows * vectors / fmasPerCycle, (rows + vectors) / loadsPerCycle, fmaLatency});
  double fixed = 12 + 2.0 * rows * vectors; // Loop set-up; accumulators in and out.
  return perStep * k + fixed;
}

static double estimateCycles(const RegisterTiling &tiling, int64_t lanes, int64_t k) {
  double cycles = 0;
  for (const TileRun &row : tiling.rows)
    for (const TileRun &column : tiling.columns)
      cycles += row.count * column.count * getTileCycles(row.size, llvm::divideCeil(column.size, lanes), k);
  return cycles;
}

int64_t nn::getStart(ArrayRef<TileRun> runs, int64_t tile) {
  int64_t start = 0;
  for (const TileRun &run : runs)
    start += std::clamp<int64_t>(tile - run.firstTile, 0, run.count) * run.size;
  return start;
}

bool nn::fitsRegisters(const CpuTarget &target, int64_t rows, int64_t vectors) {
  return rows > 0 && vectors > 0 && rows < target.vectorRegisters && vectors < target.vectorRegisters &&
         rows * vectors + vectors + 1 <= target.vectorRegisters;
}

RegisterTiling nn::cutIntoTiles(int64_t lanes, int64_t m, int64_t n, int64_t rows, int64_t vectors) {
  return {cutEvenly(m, rows), cutColumns(n, lanes, vectors)};
}

SmallVector<std::pair<int64_t, int64_t>> nn::rankTiles(const CpuTarget &target, int64_t lanes, int64_t m, int64_t n,
                                                       int64_t k, int64_t maxVectors, int64_t maxRows) {
  struct Tile {
    double cycles;
    int64_t rows, vectors;
    double getLoadsPerFma() const { return double(rows + vectors) / (rows * vectors); }
  };
  SmallVector<Tile> tiles;
  for (int64_t rows = 1; rows <= std::min<int64_t>(maxRows, target.vectorRegisters - 1); ++rows)
    for (int64_t vectors = 1; vectors <= maxVectors && fitsRegisters(target, rows, vectors); ++vectors)
      tiles.push_back({estimateCycles(cutIntoTiles(lanes, m, n, rows, vectors), lanes, k), rows, vectors});
  llvm::stable_sort(tiles, [](const Tile &a, const Tile &b) { return a.cycles < b.cycles; });
  // Where a tile has all columns, b is read from end to end, which the core follows ahead: better than a tile that the
  // model cannot tell from it, unless it takes more loads for each FMA.
  int64_t vectors = llvm::divideCeil(n, lanes);
  auto whole = llvm::find_if(tiles, [&](const Tile &tile) { return tile.vectors >= vectors; });
  if (whole != tiles.end() && whole->cycles <= nearlyEqual * tiles.front().cycles &&
      whole->getLoadsPerFma() <= tiles.front().getLoadsPerFma())
    std::rotate(tiles.begin(), whole, whole + 1);
  SmallVector<std::pair<int64_t, int64_t>> ranked;
  llvm::DenseSet<std::pair<int64_t, int64_t>> seen;
  for (const Tile &tile : tiles) {
    // The same number of tiles is the same tiling.
    RegisterTiling tiling = cutIntoTiles(lanes, m, n, tile.rows, tile.vectors);
    if (seen.insert({tiling.getNumRowTiles(), tiling.getNumColumnTiles()}).second)
      ranked.push_back({tile.rows, tile.vectors});
  }
  return ranked;
}

RegisterTiling nn::chooseRegisterTiling(const CpuTarget &target, int64_t lanes, int64_t m, int64_t n, int64_t k,
                                        int64_t maxVectors, int64_t maxRows) {
  auto [rows, vectors] = rankTiles(target, lanes, m, n, k, maxVectors, maxRows).front();
  return cutIntoTiles(lanes, m, n, rows, vectors);
}

SmallVector<std::pair<int64_t, int64_t>> nn::cutIntoVectors(int64_t columns, int64_t lanes) {
  SmallVector<std::pair<int64_t, int64_t>> vectors;
  for (int64_t offset = 0; offset < columns; offset += lanes)
    vectors.push_back({offset, std::min(lanes, columns - offset)});
  return vectors;
}
